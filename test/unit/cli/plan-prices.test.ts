import assert from 'node:assert/strict';
import { summarizePlan } from '../../../app/plan/plan-summary';
import { createInk } from '../../../cli/print/ink';
import { renderPlan } from '../../../cli/print/plan';
import type { SweepInput } from '../../../definitions';
import { planGrid } from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const prices = { sftExample: 0.002, preferencePair: 0.001 };
const { pairs } = resolveSweep().definition;
const samples = '4 samples for each of about 2.5 prompts, $0.00';
const decision = "a prompt and the verifier's decision, $0.0010";
const reference = 'the chosen answer is the reference answer, which costs a demonstration, $0.0020';

/** The plan of a sweep: its summary, and the printed lines of prices and annotation as one text. */
async function planned(changes: Partial<SweepInput>) {
  const resolved = resolveSweep({ budgets: [64], sftFractions: [1, 0.5, 0], prices, ...changes });
  const { definition } = resolved;
  const summary = summarizePlan(await planGrid(resolved), { definition, cached: new Set(), slots: 1 });
  const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
  return { summary, text: / (Prices .*?) Compute/.exec(text)?.[1] };
}

describe('the prices in a printed plan', () => {
  it('say what a demonstration and a pair are, and what each part costs', async () => {
    const { summary, text } = await planned({ pairs: { ...pairs, chosen: 'gold' } });
    assert.equal(
      text,
      `Prices A demonstration: a problem with the answer of annotator majority-error: $0.0020. ` +
        `A pair: ${decision}; ${reference}; ${samples}: $0.0030. ` +
        `Annotation 64 demonstrations and 96 pairs, about 960 verifier calls for the samples: $0.4160 at list price`,
    );
    assert.deepEqual(
      summary.prices.map(({ row, at, usd }) => [row, at, usd]),
      [
        ['demonstration', {}, 0.002],
        ['pair', {}, 0.003],
      ],
    );
  });

  it('have a line for each place on the axes where a row costs something else', async () => {
    const { summary, text } = await planned({
      axes: {
        'pairs.chosen': [pairs.chosen, 'gold'],
        'sft.learningRate': [0.01, 0.02],
        annotator: ['clean', 'slip'],
      },
    });
    const demonstration = (name: string) =>
      `A demonstration (annotator ${name}): a problem with the answer of annotator ${name}: $0.0020.`;
    assert.ok(
      text!.startsWith(
        `Prices ${demonstration('clean')} ${demonstration('slip')} ` +
          `A pair (pairs.chosen ${pairs.chosen}): ${decision}; ${samples}: $0.0010. ` +
          `A pair (pairs.chosen gold): ${decision}; ${reference}; ${samples}: $0.0030. `,
      ),
      text,
    );
    assert.deepEqual(
      summary.prices.map(({ at }) => at),
      [
        { annotator: ['clean'] },
        { annotator: ['slip'] },
        { 'pairs.chosen': [pairs.chosen] },
        { 'pairs.chosen': ['gold'] },
      ],
    );
  });

  it('leave out rows that the sweep does not buy', async () => {
    const { text } = await planned({ sftFractions: [1] });
    assert.match(text!, /^Prices A demonstration: [^.]*\.0020\. Annotation 64 demonstrations and 0 pairs/);
  });
});

describe('the rows that money buys, in a printed plan', () => {
  it('name the values on the axes at which a budget buys them', async () => {
    const resolved = resolveSweep({
      budgetUnit: 'usd',
      budgets: [0.2],
      sftFractions: undefined,
      sftSpendFractions: [0],
      prices,
      axes: { 'pairs.chosen': [pairs.chosen, 'gold'], annotator: ['clean', 'slip'] },
    });
    const { definition } = resolved;
    const summary = summarizePlan(await planGrid(resolved), { definition, cached: new Set(), slots: 1 });
    assert.deepEqual(
      summary.purchases.map(({ pairRows, at }) => [pairRows, at]),
      [
        [200, { 'pairs.chosen': [pairs.chosen] }],
        [66, { 'pairs.chosen': ['gold'] }],
      ],
    );
    const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
    const line = (chosen: string, rows: number) =>
      `$0.20, SFT spend share 0 (pairs.chosen ${chosen}): 0 demonstrations and ${rows} pairs`;
    assert.ok(text.includes(`Money ${line(pairs.chosen, 200)}`) && text.includes(line('gold', 66)), text);
  });

  it('name no money left where rounding alone leaves some', async () => {
    const resolved = resolveSweep({
      budgetUnit: 'usd',
      budgets: [0.33],
      sftFractions: undefined,
      sftSpendFractions: [1],
      prices: { ...prices, sftExample: 0.03 },
    });
    const { definition } = resolved;
    const summary = summarizePlan(await planGrid(resolved), { definition, cached: new Set(), slots: 1 });
    const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
    assert.ok(text.includes('11 demonstrations and 0 pairs') && !text.includes('$0.00 left'), text);
  });
});
