import { strict as assert } from 'node:assert';
import type { PlannedStage } from '../../../contracts/stage';
import { makesRows, uniquePurchase } from '../../../planning/money';
import { pairSpec } from '../../../schemas/definition';
import { type StageContext, outputOf, planStage, stageKinds } from '../../../stages';
import { pairForms } from '../../../stages/synthesize-data/settings';
import { resolveSweep } from '../../support/planning/resolve';

const { synthesizeData, trainSft, freezeReference } = stageKinds;

const context: StageContext = { resolved: resolveSweep(), seed: 0 };
const { pairs } = context.resolved.definition;
const reference = planStage(freezeReference, context, { adapter: null });

/** A call as plain JavaScript may write it. */
type Loose = Readonly<Record<string, unknown>>;
const plan = (call: Loose, where = context): PlannedStage<'rows'> =>
  planStage(synthesizeData, where, call as { rows: number });
const sampled = (call: Loose = {}): PlannedStage<'rows'> => plan({ rows: 32, reference, ...call });

const file = { file: 'rows.jsonl', source: 'here', license: 'MIT', columnMapping: {} };
const withFiles: StageContext = {
  resolved: resolveSweep({ annotations: { demonstrations: file, preferences: file } }),
  seed: 0,
};

describe('settings of sampled rows in a call', () => {
  it('replace those of the definition, and the title has what differs', () => {
    const wide = sampled({ candidates: 8, temperature: 0.7 });
    const { pairs: own } = wide.spec as unknown as { pairs: Loose };
    assert.deepEqual(
      [own['candidates'], own['temperature'], own['maxNewTokens']],
      [8, 0.7, pairs.maxNewTokens],
    );
    assert.equal(wide.title, '32 preference pairs (candidates 8, temperature 0.7)');
    assert.equal(wide.rows?.verifierCalls, 2 * (sampled({ candidates: 4 }).rows?.verifierCalls ?? 0));
  });

  it('have the same key as the definition where they are equal, in any form', () => {
    const { key, title } = sampled();
    const same = sampled({ ...pairs, topP: 1, topK: undefined, what: 'pairs' });
    assert.deepEqual([same.key, same.title], [key, title]);
    assert.equal(sampled({ topK: 1, temperature: 0.3 }).key, sampled({ topK: 1 }).key);
  });

  it('that choose the answers of pairs are in no key of rejection samples', () => {
    const gold: StageContext = { resolved: resolveSweep({ pairs: { ...pairs, chosen: 'gold' } }), seed: 0 };
    const what = 'rejection-samples';
    assert.notEqual(plan({ rows: 8, reference }, gold).key, plan({ rows: 8, reference }).key);
    assert.equal(plan({ rows: 8, reference, what }, gold).key, plan({ rows: 8, reference, what }).key);
    assert.notEqual(sampled({ what, threshold: 0.9 }).key, sampled({ what }).key, 'what counts as correct');
  });

  it('have in the key only what decides the pairs: scores, or the labels of an annotator', () => {
    const labelled: StageContext = {
      resolved: {
        ...resolveSweep({ pairs: { ...pairs, annotator: 'people', labels: 3 } }),
        preferenceAnnotator: { kind: 'people', version: 1, digest: 'd'.repeat(64) },
      },
      seed: 0,
    };
    const { candidates, temperature, topK, topP, maxNewTokens } = pairs;
    const settings = { candidates, temperature, topK, topP, maxNewTokens };
    const stage = plan({ rows: 8, reference }, labelled);
    const { what, annotator, annotatorDigest, pairs: own } = stage.spec as unknown as Loose;
    assert.deepEqual([what, annotator, annotatorDigest], ['labelled-pairs', 'people', 'd'.repeat(64)]);
    assert.deepEqual(own, { ...settings, labels: 3 });
    assert.equal(stage.title, '8 preference pairs labelled by people');
    assert.deepEqual(
      [stage.rows?.source.from, stage.rows?.verifierCalls, stage.mayExceed, stage.queue],
      ['people', 0, true, 'gpu'],
    );
    assert.equal(plan({ rows: 8, reference }, labelled).nest, plan({ rows: 16, reference }, labelled).nest);
    const scored = sampled().spec as unknown as Loose;
    assert.deepEqual(scored['pairs'], { ...settings, chosen: 'best-sample', threshold: 0.5, minMargin: 0.1 });
    assert.throws(() => plan({ rows: 8, reference, threshold: 0.9 }, labelled), {
      code: 'DEFINITION_INVALID',
      message: /threshold: has no effect with pairs\.annotator/,
    });
    assert.throws(() => plan({ rows: 8, reference, candidates: 1 }, labelled), { message: /candidates: / });
    assert.ok(
      plan({ rows: 8, reference, what: 'rejection-samples', threshold: 0.9, candidates: 1 }, labelled),
    );
    assert.throws(() => sampled({ labels: 3 }), {
      message: /labels: has no effect without pairs\.annotator/,
    });
  });

  it('need a temperature where the definition has lost it by topK 1', () => {
    const greedy: StageContext = {
      resolved: resolveSweep({ pairs: { ...pairs, topK: 1, temperature: 0.3 } }),
      seed: 0,
    };
    assert.throws(() => plan({ rows: 8, reference, topK: 5 }, greedy), {
      code: 'DEFINITION_INVALID',
      message: /^stages\.synthesizeData: temperature: is missing; the definition has topK 1/,
    });
    const sampler = plan({ rows: 8, reference, topK: 5, temperature: 0.3 }, greedy);
    assert.equal(sampler.key, sampled({ rows: 8, topK: 5, temperature: 0.3 }).key);
    for (const call of [{}, { topK: 1 }, { candidates: 8 }])
      assert.ok(plan({ rows: 8, reference, ...call }, greedy));
  });

  it('are refused where they are unknown, wrong or without effect', () => {
    const refusals: [() => unknown, RegExp][] = [
      [
        () => sampled({ candidats: 8 }),
        /^stages\.synthesizeData: candidats: no such field; did you mean candidates\?$/,
      ],
      [
        () => sampled({ rows: 0.5 }),
        /^stages\.synthesizeData: rows: 0\.5; a whole number above 0 is needed$/,
      ],
      [() => plan({ rows: 4, temperature: 1 }), /temperature: has no effect without a reference/],
      [() => plan({ rows: 4, what: 'pairs' }), /what: has no effect without a reference/],
      [
        () => sampled({ what: 'rejection-samples', chosen: 'gold' }),
        /chosen: has no effect on rejection samples/,
      ],
      [
        () => plan({ rows: 4, reference, topK: 2 }, withFiles),
        /topK: has no effect on the rows of annotations\.preferences/,
      ],
    ];
    for (const [refused, message] of refusals)
      assert.throws(refused, { code: 'DEFINITION_INVALID', message });
  });

  it('have the forms of the schema', () => {
    const values = [-1, 0, 0.5, 1, 1.5, 2, 15, 16, 64, 65, NaN, null, '1', 'gold', 'best-sample'];
    assert.deepEqual(
      Object.keys(pairForms).sort(),
      Object.keys(pairSpec.shape)
        .filter((field) => field !== 'annotator')
        .sort(),
    );
    for (const [field, [hasForm]] of Object.entries(pairForms))
      for (const value of values) {
        const { success } = pairSpec.shape[field as keyof typeof pairForms].safeParse(value);
        assert.equal(hasForm(value), success, `${field} ${JSON.stringify(value)}`);
      }
    assert.throws(() => sampled({ annotator: 'people' }), { message: /annotator: no such field/ });
  });
});

describe('rows after those of an earlier stage', () => {
  it('of an annotator or a file begin where those end, also in a chain', () => {
    for (const [where, noun] of [
      [context, 'demonstrations by majority-error'],
      [withFiles, 'demonstrations of a file'],
    ] as const) {
      const first = plan({ rows: 64 }, where);
      const second = plan({ rows: 32, after: first }, where);
      const third = plan({ rows: 8, after: second, name: 'last' }, where);
      assert.deepEqual(
        [first, second, third].map(({ rows, spec, inputs }) => [
          rows?.upTo,
          (spec as unknown as Loose)['skip'],
          inputs,
        ]),
        [
          [64, undefined, {}],
          [96, 64, {}],
          [104, 96, {}],
        ],
      );
      assert.equal(third.title, `last: 8 ${noun}, after the first 96`);
      assert.equal(plan({ rows: 8, after: plan({ rows: 96 }, where) }, where).key, third.key);
    }
  });

  it('of a reference read the earlier stage, and end at least one prompt a row later', () => {
    const first = sampled();
    const second = sampled({ rows: 16, after: first });
    assert.deepEqual(second.inputs['after'], outputOf(first));
    assert.deepEqual([first.rows?.upTo, second.rows?.upTo], [32, 48]);
    assert.equal(second.title, '16 preference pairs on fresh prompts');
    const rejected = sampled({ rows: 4, what: 'rejection-samples', after: second });
    assert.equal(rejected.rows?.upTo, 52);
  });

  it('are bought in addition to them, each row once', () => {
    const demonstrations = plan({ rows: 64 });
    const more = plan({ rows: 32, after: demonstrations });
    const evenMore = plan({ rows: 40, after: demonstrations });
    const fresh = sampled({ after: sampled() });
    const all = [demonstrations, more, evenMore, sampled(), fresh];
    assert.equal(
      new Set(all.filter(makesRows).map(({ nest }) => nest)).size,
      3,
      'fresh samples have their own prompts',
    );
    const { demonstrations: bought, pairs: made } = uniquePurchase(all);
    assert.deepEqual([bought, made], [104, 64]);
  });

  it('are refused where the earlier ones are in another order', () => {
    const demonstrations = plan({ rows: 4 });
    const seed1 = plan({ rows: 4 }, { ...context, seed: 1 });
    const adapter = planStage(trainSft, context, { data: demonstrations });
    const message = /^stages\.synthesizeData: after: "4 .*" takes its rows in another order/;
    assert.throws(() => sampled({ after: demonstrations }), {
      code: 'DEFINITION_INVALID',
      message: /after: "4 demonstrations .*" are demonstrations; the call asks for pairs$/,
    });
    assert.throws(() => sampled({ after: plan({ rows: 4, reference }, withFiles) }), { message });
    assert.throws(() => plan({ rows: 4, after: seed1 }), { message });
    assert.throws(() => plan({ rows: 4, after: sampled() }), {
      message: /after: ".* preference pairs" are pairs; the call asks for demonstrations$/,
    });
    assert.throws(() => plan({ rows: 4, after: adapter }), {
      message: /after: "SFT on 4 .*" \(adapter\); a stage that makes rows is needed$/,
    });
  });
});
