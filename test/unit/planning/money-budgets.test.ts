import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { usd } from '../../../core/money';
import type { ResolvedSweep } from '../../../contracts/resolved';
import {
  buyRows,
  cellAttributes,
  detectableDifference,
  listPriceUsd,
  planGrid,
  sftFractionOf,
  sweepIdOf,
  unitCosts,
} from '../../../planning';
import { defineSweep, type SweepInput } from '../../../definitions';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { resolveSweep } from '../../support/planning/resolve';

const prices = { sftExample: 0.02, preferencePair: 0.01 };
const { pairs } = resolveSweep().definition;

function resolveMoney(changes: Partial<SweepInput> = {}, parameters?: number): ResolvedSweep {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'money',
    annotator: 'clean',
    budgets: [usd(1), usd(2.5)],
    sftSpendFractions: [1, 0.5, 0],
    prices,
    ...changes,
  });
  const model = {
    name: 'm',
    digest: 'a'.repeat(64),
    path: '/m',
    parameters,
  };
  return { definition, model, files: {}, poolRows: 6144 };
}

const boughtBy = async (sweep: ResolvedSweep) =>
  (await planGrid(sweep)).cells
    .map(({ cell }) => [cell.budget, cell.sftSpendFraction, cell.sftRows, cell.pairRows] as const)
    .sort((a, b) => a[0] - b[0] || b[1]! - a[1]!);

describe('budgets of money', () => {
  it('are indexed by the rows that they buy, since the search attribute is an integer', async () => {
    const plan = await planGrid(resolveMoney({ budgets: [usd(0.1), usd(2.5)] }));
    for (const cellPlan of plan.cells) {
      const { cell } = cellPlan;
      const attributes = cellAttributes(cellPlan, plan);
      const budget = attributes.find(({ key }) => key.name === 'BudgetlineBudget');
      assert.deepEqual(budget?.value, cell.sftRows + cell.pairRows);
      for (const { key, value } of attributes) assert.ok(key.type !== 'INT' || Number.isSafeInteger(value));
    }
  });

  it('buy ⌊f (M − F) / p_sft⌋ demonstrations and ⌊(1 − f)(M − F) / p_pair⌋ pairs', async () => {
    assert.deepEqual(await boughtBy(resolveMoney()), [
      [1, 1, 50, 0],
      [1, 0.5, 25, 50],
      [1, 0, 0, 100],
      [2.5, 1, 125, 0],
      [2.5, 0.5, 62, 125],
      [2.5, 0, 0, 250],
    ]);
  });

  it('pay for evaluation first, and for a pair’s expected verifier calls with the pair', async () => {
    const sweep = resolveMoney({ prices: { ...prices, verifierCall: 0.001, evaluation: 0.5 } });
    // Four candidates at a yield of 0.4: ten calls per pair.
    assert.deepEqual(unitCosts(sweep), { sft: 0.02, pair: 0.01 + 10 * 0.001, fixed: 0.5 });
    assert.deepEqual((await boughtBy(sweep)).slice(0, 3), [
      [1, 1, 25, 0],
      [1, 0.5, 12, 12],
      [1, 0, 0, 25],
    ]);
  });

  it('never overspend, and leave less than the price of one row of each kind', () => {
    const cents = fc.integer({ min: 1, max: 500 }).map((count) => count / 1000);
    const costs = fc.record({ sft: cents, pair: cents, fixed: fc.constantFrom(0, 0.25) });
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: 100, noNaN: true }),
        fc.constantFrom(0, 0.25, 0.5, 1),
        costs,
        (money, sftSpendFraction, unit) => {
          const { sftRows, pairRows, remainderUsd } = buyRows({ usd: money, sftSpendFraction }, unit);
          const spent = sftRows * unit.sft + pairRows * unit.pair + unit.fixed;
          assert.ok(spent <= money + 1e-6);
          assert.ok(Math.abs(spent + remainderUsd - money) < 1e-6);
          const open = (sftSpendFraction > 0 ? unit.sft : 0) + (sftSpendFraction < 1 ? unit.pair : 0);
          assert.ok(remainderUsd < open + 1e-6);
        },
      ),
    );
    assert.throws(() => buyRows({ usd: 0.2, sftSpendFraction: 1 }, { sft: 0.02, pair: 0.01, fixed: 0.25 }), {
      code: 'DEFINITION_INVALID',
    });
  });

  it('need a price above 0 for each kind of row that they buy, and for no other', () => {
    const buy = (sftSpendFraction: number, free: Partial<Record<'sft' | 'pair', 0>>) =>
      buyRows({ usd: 1, sftSpendFraction }, { sft: 0.25, pair: 0.125, fixed: 0, ...free });
    const refusal = { code: 'DEFINITION_INVALID', message: /needs prices above 0/ };
    for (const fraction of [0.5, 1]) assert.throws(() => buy(fraction, { sft: 0 }), refusal);
    for (const fraction of [0.5, 0]) assert.throws(() => buy(fraction, { pair: 0 }), refusal);
    assert.deepEqual(buy(0, { sft: 0 }), { sftRows: 0, pairRows: 8, remainderUsd: 0 });
    assert.deepEqual(buy(1, { pair: 0 }), { sftRows: 4, pairRows: 0, remainderUsd: 0 });
    const free = { sft: 0, pair: 0, fixed: 0 };
    assert.deepEqual([sftFractionOf(0, free), sftFractionOf(1, free)], [0, 1]);
  });

  it('keep fractions of money and of rows apart, in every cell and in the definition', async () => {
    const [cell] = (await planGrid(resolveMoney())).cells.filter(
      ({ cell: { sftSpendFraction } }) => sftSpendFraction === 0.5,
    );
    // Half of the money buys a third of the rows, since a demonstration costs two pairs.
    assert.deepEqual([cell?.cell.sftFraction, cell?.cell.budgetUnit], [0.3333, 'usd']);
    assert.ok(Math.abs((cell?.cell.sftRows ?? 0) / 187 - 1 / 3) < 0.01);
    assert.equal(sftFractionOf(1, { sft: 3, pair: 1, fixed: 0 }), 1);
    const refused = (changes: Partial<SweepInput>, field: RegExp): void => {
      assert.throws(() => resolveMoney(changes), { code: 'DEFINITION_INVALID', message: field });
    };
    refused({ sftFractions: [0.5] }, /sftFractions.*budgets in money are split by sftSpendFractions/);
    refused({ sftSpendFractions: undefined }, /sftSpendFractions: is missing/);
    refused({ budgets: [64] }, /sftFractions/);
    refused({ budgets: [64, usd(2)] }, /budgets\[1\]/);
    refused({ budgets: [usd(-1)] }, /budgets\[0\]/);
  });

  it('survive a definition file', () => {
    const { definition } = resolveMoney();
    assert.deepEqual(defineSweep(definition), definition);
  });

  it('name cells by money and fraction; a new price changes the rows of money budgets only', async () => {
    const sweep = resolveMoney();
    const ids = (await planGrid(sweep)).cells.map(({ cell }) => cell.id);
    assert.ok(ids.includes(`${sweepIdOf(sweep)}-usd2.5-m0.5-s0`));
    const dearer = resolveMoney({ prices: { ...prices, sftExample: 0.04 } });
    assert.deepEqual((await boughtBy(dearer))[0], [1, 1, 25, 0]);
  });

  it('buy rows with all of their parts, and as many as they can pay', async () => {
    const price = fc.integer({ min: 10, max: 90 }).map((mills) => mills / 1000);
    const settings = fc.record({
      chosen: fc.constantFrom('gold' as const, pairs.chosen),
      candidates: fc.integer({ min: 1, max: 9 }),
      sftExample: price,
      preferencePair: price,
      sample: price,
      verifierCall: price,
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ chosen, candidates, ...own }) => {
        const sweep = resolveMoney({
          budgets: [usd(6), usd(17.5)],
          prices: { ...own, evaluation: 0.25 },
          pairs: { ...pairs, chosen, candidates },
        });
        const { sft, pair } = unitCosts(sweep);
        for (const { cell, stages, annotationUsd } of (await planGrid(sweep)).cells) {
          assert.equal(annotationUsd, listPriceUsd(stages));
          const { budget, sftSpendFraction: share = 0, sftRows, pairRows, remainderUsd = 0 } = cell;
          assert.ok(Math.abs(budget - 0.25 - annotationUsd - remainderUsd) < 1e-9);
          assert.ok(share === 0 || (sftRows + 1) * sft > share * (budget - 0.25));
          assert.ok(share === 1 || (pairRows + 1) * pair > (1 - share) * (budget - 0.25));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('pay for compute only where it has a price', async () => {
    const parameters = 8e9;
    const free = unitCosts(resolveMoney({}, parameters));
    const paid = unitCosts(resolveMoney({ prices: { ...prices, exaflop: 2 } }, parameters));
    assert.deepEqual(free, { sft: 0.02, pair: 0.01, fixed: 0 });
    // SFT: 4 epochs of 0.57 × 96 tokens, forward and the backward of activations, 2 per parameter each.
    const sft = 4 * 0.57 * 96 * 2 * 2 * parameters;
    assert.ok(Math.abs(paid.sft - (0.02 + (2 * sft) / 1e18)) < 1e-12);
    // Pairs: 10 samples of 0.65 × 48 tokens, the reference over both answers, two epochs on both.
    const pair = (10 * 0.65 * 48 + 2 * 0.57 * 96 + 2 * 2 * 0.57 * 96 * 2) * 2 * parameters;
    assert.ok(Math.abs(paid.pair - (0.01 + (2 * pair) / 1e18)) < 1e-12);
    const { items, maxNewTokens } = resolveMoney().definition.evaluation;
    assert.ok(Math.abs(paid.fixed - (2 * (2 * items * maxNewTokens * 0.65 * parameters)) / 1e18) < 1e-9);
    await assert.rejects(planGrid(resolveMoney({ prices: { ...prices, exaflop: 2 } })), {
      code: 'DEFINITION_INVALID',
      message: /number of parameters/,
    });
  });
});

describe('what a sweep could detect', () => {
  it('shrinks with items and with seeds, and knows nothing of other seeds from one', () => {
    const at = (items: number, seeds: number): number => detectableDifference({ items, seeds });
    assert.ok(Math.abs(at(400, 1) - 2.802 * Math.sqrt(0.5 / 400)) < 1e-12);
    assert.ok(at(1600, 3) < at(400, 3) && at(400, 5) < at(400, 3));
    assert.ok(at(400, 3) > at(400, 1));
  });
});
