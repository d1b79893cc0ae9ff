import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { syntheticPairs } from '../../../core/pair-settings';
import type { SweepInput } from '../../../definitions';
import { asMade, listPriceUsd, uniquePurchase } from '../../../planning';
import type { SweepDefinition } from '../../../schemas/definition';
import { atYield, demonstrationPrice, describePrice, pairPrice, priceRatioOf, rowUsd } from '../../../stages';
import { planStage } from '../../../stages/define';
import { stageKinds } from '../../../stages/registry';
import { resolveSweep } from '../../support/planning/resolve';

const price = fc.integer({ min: 0, max: 40 }).map((cents) => cents / 100);
const allPrices = fc.record({
  sftExample: price,
  preferencePair: price,
  sample: price,
  verifierCall: price,
  preferenceLabel: fc.option(price, { nil: undefined }),
});
const byVerifier = fc.record({
  chosen: fc.constantFrom('gold' as const, 'best-sample' as const),
  candidates: fc.integer({ min: 2, max: 16 }),
});
const byAnnotator = fc.record({
  annotator: fc.constant('judge'),
  labels: fc.integer({ min: 1, max: 15 }),
  candidates: fc.integer({ min: 2, max: 16 }),
});

const prices = { sftExample: 2, preferencePair: 1, sample: 0.125, verifierCall: 0.25, preferenceLabel: 0.5 };
const { pairs } = resolveSweep().definition;
const defined = (changes: Partial<SweepInput> = {}): SweepDefinition =>
  resolveSweep({ prices, ...changes }).definition;

const rowsOf = (file: string) => ({ file, source: 'us', license: 'MIT' });
const isNear = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

function stagesOf(changes: Partial<SweepInput> = {}) {
  const files = { demonstrations: { digest: 'd', path: '/d' }, preferences: { digest: 'p', path: '/p' } };
  const resolved = resolveSweep({ prices, ...changes }, { files });
  const context = { resolved, seed: 0 };
  const reference = planStage(stageKinds.freezeReference, context, { adapter: null });
  const plan = (call: Parameters<typeof stageKinds.synthesizeData.plan>[1]) =>
    planStage(stageKinds.synthesizeData, context, call);
  return {
    demonstrations: (rows: number) => plan({ rows }),
    sampled: (rows: number, call: object = {}) => plan({ rows, reference, ...call }),
  };
}

describe('the price of a row', () => {
  it('of a pair is the sum of its parts: the decision, the reference answer, the samples', () => {
    fc.assert(
      fc.property(allPrices, byVerifier, (prices, changes) => {
        const definition = defined({ prices, pairs: { ...pairs, ...changes } });
        const { chosen, candidates } = changes;
        const answer = chosen === 'gold' ? prices.sftExample : 0;
        const samples = 2.5 * candidates * (prices.sample + prices.verifierCall);
        const usd = rowUsd(pairPrice(definition));
        assert.ok(isNear(usd, prices.preferencePair + answer + samples), `${usd}`);
        if (chosen === 'gold') assert.ok(usd >= rowUsd(demonstrationPrice(definition)) - 1e-9);
      }),
    );
  });

  it('of a pair that is labelled is the sum of its labels, ties included, and of samples that no verifier scores', () => {
    fc.assert(
      fc.property(allPrices, byAnnotator, (prices, changes) => {
        const { labels, candidates } = changes;
        const usd = rowUsd(pairPrice(defined({ prices, pairs: { ...pairs, ...changes } })));
        const label = prices.preferenceLabel ?? prices.preferencePair;
        assert.ok(isNear(usd, 2.5 * (labels * label + candidates * prices.sample)), `${usd}`);
      }),
    );
  });

  it('is the list price of a stage with one row, whatever the call changes', () => {
    const { demonstrations, sampled } = stagesOf();
    assert.equal(listPriceUsd([demonstrations(1)]), 2);
    assert.equal(listPriceUsd([sampled(1)]), 1 + 10 * 0.375);
    assert.equal(listPriceUsd([sampled(1, { chosen: 'gold' })]), 1 + 2 + 10 * 0.375);
    assert.equal(listPriceUsd([sampled(1, { candidates: 8 })]), 1 + 20 * 0.375);
    assert.equal(listPriceUsd([sampled(1, { what: 'rejection-samples' })]), 10 * 0.375, 'samples alone');
    const labelled = stagesOf({ pairs: { ...pairs, annotator: 'judge' } });
    assert.equal(listPriceUsd([labelled.sampled(1, { labels: 3 })]), 7.5 * 0.5 + 10 * 0.125);
  });

  it('of nested sets of gold pairs counts each row once, and the samples of every set', () => {
    const { sampled } = stagesOf({ pairs: { ...pairs, chosen: 'gold' } });
    const sets = [8, 24, 16].map((rows) => sampled(rows));
    assert.equal(listPriceUsd(sets), 24 * 3 + (8 + 24 + 16) * 10 * 0.375);
    assert.equal(listPriceUsd([...sets, sets[1]!]), listPriceUsd(sets), 'a stage that two cells use');
  });

  it('of nested sets of labelled pairs counts each label once, and the samples of every set', () => {
    const { sampled } = stagesOf({ pairs: { ...pairs, annotator: 'judge' } });
    const sets = [8, 24, 16].map((rows) => sampled(rows));
    assert.equal(listPriceUsd(sets), 24 * 5 * 0.5 + (8 + 24 + 16) * 10 * 0.125);
    assert.deepEqual(uniquePurchase(sets), {
      demonstrations: 0,
      pairs: 24,
      verifierCalls: 0,
      unscored: (8 + 24 + 16) * 10,
      labels: 24 * 5,
    });
    const made = sets.map((set, at) => asMade(set, { labels: [30, 70, 50][at]! }));
    assert.equal(listPriceUsd(made), 70 * 0.5 + (8 + 24 + 16) * 10 * 0.125, 'as many labels as they have');
  });

  it('at another yield changes with the prompts: calls, samples and labels', () => {
    fc.assert(
      fc.property(
        allPrices,
        byAnnotator,
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (prices, changes, yielded) => {
          const { labels, candidates } = changes;
          const label = prices.preferenceLabel ?? prices.preferencePair;
          const scored = stagesOf({ prices, pairs: { ...pairs, candidates } }).sampled(12);
          const labelled = stagesOf({ prices, pairs: { ...pairs, ...changes } }).sampled(12);
          const prompts = 12 / yielded;
          const usd =
            prompts * candidates * (prices.sample + prices.verifierCall) + 12 * prices.preferencePair;
          assert.ok(isNear(listPriceUsd([atYield(scored, yielded)]), usd));
          const labelledUsd = prompts * (labels * label + candidates * prices.sample);
          assert.ok(isNear(listPriceUsd([atYield(labelled, yielded)]), labelledUsd));
        },
      ),
    );
  });

  it('of a file has no samples and no reference answer', () => {
    const annotations = {
      demonstrations: rowsOf('/home/us/solutions.csv'),
      preferences: rowsOf('pairs.jsonl'),
    };
    const changes = { annotations, pairs: { ...pairs, ...syntheticPairs } };
    const { demonstrations, sampled } = stagesOf(changes);
    assert.equal(listPriceUsd([demonstrations(8), sampled(4)]), 8 * 2 + 4);
    assert.equal(describePrice(demonstrationPrice(defined(changes))), 'a row of solutions.csv: $2.00');
    assert.equal(describePrice(pairPrice(defined(changes))), 'a row of pairs.jsonl: $1.00');
  });

  it('of a demonstration in pairs is a ratio, at most 1 where a pair holds the reference answer', () => {
    const sampled = defined({ pairs: { ...pairs, ...syntheticPairs, chosen: 'best-sample' } });
    const pair = rowUsd(pairPrice(sampled));
    assert.deepEqual(priceRatioOf(sampled), { own: 2 / pair, most: undefined });
    const gold = defined({ pairs: { ...pairs, ...syntheticPairs, chosen: 'gold' } });
    assert.deepEqual(priceRatioOf(gold), { own: 2 / (pair + 2), most: 1 });
    const fromFile = { annotations: { preferences: rowsOf('pairs.jsonl') } };
    assert.deepEqual(priceRatioOf(defined({ ...fromFile, pairs: gold.pairs })), { own: 2, most: undefined });
    assert.equal(priceRatioOf(defined({ prices: { ...prices, sftExample: 0 } })), undefined);
    const nothing = { ...prices, preferencePair: 0, sample: 0, verifierCall: 0 };
    assert.equal(priceRatioOf(defined({ prices: nothing, pairs: sampled.pairs })), undefined);
  });

  it('is in the provenance of the rows', () => {
    const { demonstrations, sampled } = stagesOf();
    const usdOf = ({ rows }: ReturnType<typeof sampled>) => rows!.provenance.usdPerRow;
    assert.equal(usdOf(demonstrations(8)), 2);
    assert.equal(usdOf(sampled(8)), 4.75);
    assert.equal(usdOf(sampled(8, { what: 'rejection-samples' })), 3.75);
  });
});

describe('the words for a price', () => {
  const gold = { ...pairs, chosen: 'gold' as const };

  it('name the parts of a row, each with its price', () => {
    assert.equal(
      describePrice(demonstrationPrice(defined())),
      'a problem with the answer of annotator majority-error: $2.00',
    );
    assert.equal(
      describePrice(pairPrice(defined({ pairs: gold }))),
      "a prompt and the verifier's decision, $1.00; the chosen answer is the reference answer, which costs a demonstration, $2.00; 4 samples for each of about 2.5 prompts, 10 × $0.3750 = $3.75: $6.75",
    );
  });

  it('name the annotator of the labels', () => {
    const labelled = defined({ pairs: { ...pairs, annotator: 'judge' } });
    assert.equal(
      describePrice(pairPrice(labelled)),
      '2 labels of annotator judge for each of about 2.5 prompts, 5 × $0.50 = $2.50; 4 samples for each of about 2.5 prompts, 10 × $0.1250 = $1.25: $3.75',
    );
  });

  it('say of samples without a price that they cost nothing', () => {
    const free = { sftExample: 0.002, preferencePair: 0.001 };
    assert.equal(
      describePrice(pairPrice(defined({ prices: free }))),
      "a prompt and the verifier's decision, $0.0010; 4 samples for each of about 2.5 prompts, $0.00: $0.0010",
    );
  });
});
