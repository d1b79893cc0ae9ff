import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PlannedStage, StageResult } from '../../../contracts/stage';
import { usd } from '../../../core/money';
import type { SweepInput } from '../../../definitions';
import { planStage } from '../../../stages/define';
import { stageKinds } from '../../../stages/registry';
import {
  budgetOf,
  experimentOf,
  gridOf,
  makesRows,
  newRows,
  Purchases,
  type PurchasesOptions,
  type Span,
  spanOf,
} from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const prices = { sftExample: 2, preferencePair: 1, verifierCall: 0.25 };
/** Behind an endpoint, so it may bill more than the list price. */
const endpoint = { kind: 'endpoint', digest: 'e'.repeat(64) } as const;

function bench(changes: Partial<SweepInput> = {}, inputs: Parameters<typeof resolveSweep>[1] = {}) {
  const sweep = resolveSweep({ budgets: [64], sftFractions: [0.5], prices, ...changes }, inputs);
  const resolved = experimentOf(sweep, gridOf(sweep.definition)[0]!);
  const context = { resolved, seed: 0 };
  const reference = planStage(stageKinds.freezeReference, context, { adapter: null });
  const synthesize = (call: Parameters<typeof stageKinds.synthesizeData.plan>[1]): PlannedStage =>
    planStage(stageKinds.synthesizeData, context, call);
  return {
    demonstrations: (rows: number, seed = 0) =>
      planStage(stageKinds.synthesizeData, { resolved, seed }, { rows }),
    /** Demonstrations behind the first `skip`. */
    after: (skip: number, rows: number) =>
      synthesize({ rows, after: planStage(stageKinds.synthesizeData, context, { rows: skip }) }),
    pairs: (rows: number) => synthesize({ rows, reference }),
    correctSamples: (rows: number) => synthesize({ rows, reference, what: 'rejection-samples' }),
    evaluation: () => planStage(stageKinds.evaluate, context, { reference }),
    purchases: (options: Partial<PurchasesOptions> = {}) =>
      new Purchases({ budget: budgetOf(resolved), ...options }),
    /** Without a budget in rows. */
    money: (options: Partial<PurchasesOptions>) => new Purchases(options),
  };
}

interface Outcome {
  readonly cached?: boolean;
  /** US dollars on the annotator's bill. */
  readonly billed?: number;
  readonly calls?: number;
  /** Rows bought; others have bought the rest. Default: all of the stage. */
  readonly bought?: number;
}

type Paid = Pick<StageResult, 'usd' | 'rowsUsd' | 'metrics'>;

/** What a stage paid. */
function resultOf({ rows }: PlannedStage, { cached = false, billed, calls = 0, bought }: Outcome = {}): Paid {
  if (cached || rows === null)
    return { usd: billed ?? 0, rowsUsd: rows === null ? undefined : 0, metrics: {} };
  if (billed !== undefined) return { usd: billed, metrics: {} };
  const rowsUsd = (bought ?? rows.count) * rows.usd;
  return { usd: rowsUsd + calls * rows.sampleUsd, rowsUsd, metrics: {} };
}

function run(purchases: Purchases, stage: PlannedStage, outcome?: Outcome): number | undefined {
  purchases.reserve(stage);
  const granted = purchases.grant(stage);
  purchases.settle(stage, resultOf(stage, outcome));
  return granted;
}

const overBudget = { code: 'BUDGET_EXCEEDED' } as const;
const overAllowance = { code: 'SPEND_LIMIT' } as const;

describe('the budget of a pipeline in rows', () => {
  const { demonstrations, after, pairs, correctSamples, purchases, money } = bench();

  it('refuses 5,000 demonstrations for a budget of 64 and $0.20, with the numbers', () => {
    const cheap = bench({ prices: { sftExample: 0.002, preferencePair: 0.001 } });
    const poor = cheap.purchases({ allowanceUsd: 0.2 });
    assert.throws(() => poor.reserve(cheap.demonstrations(5000)), {
      ...overBudget,
      message:
        '5000 demonstrations by majority-error: takes 5000 more rows; the budget of 64 rows has 64 left.',
    });
    assert.throws(() => cheap.money({ allowanceUsd: 0.2 }).reserve(cheap.demonstrations(5000)), {
      ...overAllowance,
      message:
        '5000 demonstrations by majority-error: costs $10.00 at list price; the allowance of $0.20 has $0.20 left, after what is spent and what running stages reserve.',
    });
    assert.equal(run(poor, cheap.demonstrations(64)), 0.128);
  });

  it('holds for all stages together, and counts nested rows once', () => {
    const one = purchases();
    one.reserve(demonstrations(16));
    one.reserve(demonstrations(32));
    one.reserve(demonstrations(32));
    one.reserve(demonstrations(8));
    one.reserve(pairs(31));
    one.reserve(demonstrations(1, 7));
    assert.throws(() => one.reserve(demonstrations(33)), {
      ...overBudget,
      message: /takes 1 more rows; the budget of 64 rows has 0 left/,
    });
  });

  it('counts rows once that one stage takes from the front and another after others', () => {
    const one = purchases();
    for (const stage of [demonstrations(64), demonstrations(8), after(8, 56), after(16, 8)])
      one.reserve(stage);
    assert.throws(() => one.reserve(after(60, 5)), { ...overBudget, message: /takes 1 more rows/ });
    const apart = purchases();
    for (const stage of [demonstrations(8), after(40, 16), after(48, 16)]) apart.reserve(stage);
    assert.throws(() => apart.reserve(pairs(33)), { ...overBudget, message: /takes 33 more rows.* 32 left/ });
    apart.reserve(demonstrations(64));
  });

  it('is not taken by a refused stage, nor by rows without a price', () => {
    const one = purchases();
    one.reserve(correctSamples(5000));
    assert.throws(() => one.reserve(pairs(65)), overBudget);
    one.reserve(pairs(64));
    money({}).reserve(demonstrations(5000));
  });

  it('keeps the rows of a failed stage, unless it bought none', () => {
    const [bought, none] = [purchases(), purchases()];
    for (const one of [bought, none]) one.reserve(demonstrations(64));
    bought.fail(demonstrations(64), undefined);
    assert.throws(() => bought.reserve(pairs(1)), overBudget);
    bought.reserve(demonstrations(64));
    assert.throws(() => bought.reserve(pairs(1)), overBudget);
    none.fail(demonstrations(64), 0);
    none.reserve(pairs(64));
  });

  it('bounds what its rest can cost', () => {
    const one = purchases();
    assert.equal(one.boundUsd, Math.max(64 * 2, pairs(64).rows!.verifierCalls * 0.25 + 64));
    one.reserve(demonstrations(60));
    assert.equal(one.boundUsd, pairs(4).rows!.verifierCalls * 0.25 + 4);
    one.reserve(pairs(4));
    assert.equal(one.boundUsd, 0);
    assert.equal(money({}).boundUsd, undefined);
  });
});

describe('the budget of a pipeline in US dollars', () => {
  const of = (dollars: number, own: Partial<SweepInput['prices']>) =>
    bench({
      budgets: [usd(dollars)],
      sftFractions: undefined,
      sftSpendFractions: [0.5],
      prices: { ...prices, verifierCall: 0, ...own },
    });

  it('buys rows at their unit costs, after the fixed cost', () => {
    const { demonstrations, pairs, purchases } = of(11, { evaluation: 1 });
    const one = purchases();
    assert.equal(one.boundUsd, 10);
    one.reserve(demonstrations(2));
    one.reserve(demonstrations(3));
    assert.equal(one.boundUsd, 4);
    assert.throws(() => one.reserve(pairs(5)), {
      ...overBudget,
      message: '5 preference pairs: takes $5.00 for 5 rows; the budget of $11.00 has $4.00 left.',
    });
    one.reserve(pairs(4));
  });

  it('pays for the verifier calls of rows without a price', () => {
    const { correctSamples, purchases } = of(100, { verifierCall: 0.25 });
    const calls = correctSamples(4).rows!.verifierCalls;
    const one = purchases();
    one.reserve(correctSamples(4));
    assert.equal(one.boundUsd, 100 - calls * 0.25);
    assert.throws(() => one.reserve(correctSamples(400)), overBudget);
  });

  it('tolerates floating-point error', () => {
    const { demonstrations, purchases } = of(0.3, { sftExample: 0.1 });
    assert.ok(3 * 0.1 > 0.3);
    purchases().reserve(demonstrations(3));
    assert.throws(() => purchases().reserve(demonstrations(4)), overBudget);
    const sum = of(0.1 + 0.2, { sftExample: 0.3 });
    sum.purchases().reserve(sum.demonstrations(1));
  });
});

describe('the allowance of a pipeline', () => {
  const { demonstrations, after, pairs, evaluation, money } = bench(
    {},
    { annotator: endpoint, judge: endpoint },
  );
  const plain = bench();

  it('is shared by stages that run side by side, whose grants never exceed it together', () => {
    const one = money({ allowanceUsd: 100 });
    const both = [demonstrations(10), demonstrations(20, 1)];
    for (const stage of both) one.reserve(stage);
    assert.throws(() => one.reserve(demonstrations(21, 2)), overAllowance);
    assert.deepEqual(
      both.map((stage) => one.grant(stage)),
      [20 + 20, 40 + 20],
    );
    assert.deepEqual([one.grant(both[0]!), one.grant(both[1]!)], [40, 60], 'asked again, e.g. after a pause');
    assert.throws(() => one.reserve(demonstrations(1, 2)), {
      ...overAllowance,
      message: /has \$0\.00 left/,
    });
    assert.equal(one.unreportedUsd, 100);
    one.settle(both[0]!, resultOf(both[0]!, { billed: 3 }));
    assert.equal(run(one, demonstrations(1, 2)), 37, 'what the first did not spend');
  });

  it('keeps what a stage was granted, also when a smaller set of its rows is finished first', () => {
    const one = money({ allowanceUsd: 24 });
    const [small, large] = [demonstrations(8), demonstrations(12)];
    for (const stage of [large, small]) one.reserve(stage);
    assert.deepEqual([one.grant(large), one.grant(small)], [24, 0]);
    one.settle(small, resultOf(small, { billed: 0 }));
    assert.throws(() => one.reserve(demonstrations(1, 1)), overAllowance);
  });

  it('is the list price and no more for stages that cannot exceed it', () => {
    assert.equal(run(plain.money({ allowanceUsd: 100 }), plain.demonstrations(10)), 20);
    assert.equal(plain.money({}).grant(plain.demonstrations(10)), undefined);
  });

  it('gives a stage the free money, but not what later stages of the plan need', () => {
    const stages = [demonstrations(10), demonstrations(20, 1), evaluation()];
    const one = money({ allowanceUsd: 100, expected: { stages } });
    assert.equal(run(one, stages[0]!, { billed: 55 }), 60);
    assert.equal(run(one, stages[1]!, { billed: 38 }), 45);
    assert.equal(run(one, stages[2]!, { billed: 2 }), 7);
  });

  it('keeps the bound of stages that depend on results', () => {
    const { purchases } = bench({ prices: { ...prices, verifierCall: 0 } }, { annotator: endpoint });
    const stages = [demonstrations(10)];
    const one = purchases({ allowanceUsd: 200, expected: { stages, boundUsd: 54 * 2 } });
    assert.equal(run(one, demonstrations(10)), 200 - 108);
    const [second] = [demonstrations(30, 1)];
    assert.equal(run(one, second), 180 - 24 * 2, 'the bound shrinks with what is bought');
  });

  it('counts bills above list price, verifier calls made, and nothing for cached stages', () => {
    const one = money({ allowanceUsd: 200 });
    run(one, demonstrations(10), { billed: 50 });
    run(one, pairs(10), { calls: 40 });
    run(one, demonstrations(30, 1), { cached: true });
    assert.equal(run(one, evaluation(), { billed: 30 }), 200 - 50 - 20);
    assert.equal(run(one, evaluation()), 0, 'finished');
    assert.throws(() => one.reserve(demonstrations(51, 2)), overAllowance);
    one.reserve(demonstrations(50, 2));
  });

  it('pays for nested rows once', () => {
    const { purchases } = plain;
    const one = purchases({ allowanceUsd: 64 });
    run(one, plain.demonstrations(16));
    assert.equal(run(one, plain.demonstrations(32), { bought: 16 }), 32, 'the difference');
    assert.equal(run(one, plain.demonstrations(32)), 0);
    const side = purchases({ allowanceUsd: 64 });
    for (const rows of [16, 32]) side.reserve(plain.demonstrations(rows));
    side.fail(plain.demonstrations(16), 0);
    side.settle(plain.demonstrations(32), resultOf(plain.demonstrations(32)));
    assert.throws(() => side.reserve(plain.pairs(1)), overAllowance);
  });

  it('pays once for rows that stages share at different places', () => {
    const one = plain.purchases({ allowanceUsd: 48 });
    assert.equal(run(one, plain.demonstrations(16)), 32);
    assert.equal(run(one, plain.after(8, 8), { bought: 0 }), 0);
    assert.equal(run(one, plain.after(8, 16), { bought: 8 }), 16, 'the last 8');
    assert.throws(() => one.reserve(plain.pairs(1)), overAllowance);
    const [whole, late] = [plain.demonstrations(16), plain.after(8, 16)];
    const bought = plain.purchases({ allowanceUsd: 16, paidUsd: { [whole.key]: 32, [late.key]: 16 } });
    assert.equal(run(bought, whole, { cached: true }), 0);
    assert.equal(run(bought, late, { bought: 8 }), 16, 'others have bought its first 8');
    assert.throws(() => bought.reserve(plain.pairs(1)), overAllowance);
  });

  it('reserves all rows of a larger set if the smaller one fails', () => {
    const [small, large] = [plain.pairs(16), plain.pairs(32)];
    const [fewCalls, manyCalls] = [small, large].map(({ rows }) => rows!.verifierCalls * 0.25);
    const one = money({ allowanceUsd: fewCalls! + manyCalls! + 32 + 20 });
    for (const stage of [small, large]) one.reserve(stage);
    assert.equal(one.grant(small), 16 + fewCalls! + 10);
    assert.equal(one.grant(large), 32 + manyCalls! + 10, 'stages that sample count all of their rows');
    one.fail(small, fewCalls);
    one.reserve(evaluation());
    assert.equal(one.grant(evaluation()), 10);
    one.settle(large, resultOf(large, { calls: large.rows!.verifierCalls + 40 }));
    assert.throws(() => one.reserve(demonstrations(1)), overAllowance);
  });

  it('does not pay for rows that others have bought', () => {
    const nested = plain.pairs(16);
    const usdOf = (rows: number) => rows + plain.pairs(rows).rows!.verifierCalls * 0.25;
    const one = money({ allowanceUsd: usdOf(16) - 8, paidUsd: { [nested.key]: 8 } });
    const outcome = { bought: 8, calls: nested.rows!.verifierCalls };
    assert.equal(run(one, nested, outcome), usdOf(16), 'all rows count there');
    assert.throws(() => one.reserve(demonstrations(1)), overAllowance);
    const whole = money({ allowanceUsd: 0, paidUsd: { [nested.key]: usdOf(16) } });
    run(whole, nested, { cached: true });
    const [small, large] = [plain.demonstrations(16), plain.demonstrations(32)];
    const both = money({ allowanceUsd: 32, paidUsd: { [small.key]: 32, [large.key]: 32 } });
    assert.equal(run(both, small, { cached: true }), 0);
    assert.equal(run(both, large, { bought: 16 }), 32, 'both have the same rows bought');
    assert.throws(() => both.reserve(demonstrations(1, 1)), overAllowance);
    const again = money({ allowanceUsd: 20, paidUsd: { [small.key]: 32 } });
    run(again, small, { bought: 0 });
    assert.equal(run(again, plain.demonstrations(10, 1)), 20, 'made here, out of rows that are paid for');
  });

  it('keeps the money of rows that a running stage paid for, and a smaller one has used', () => {
    const [small, large] = [plain.demonstrations(8), plain.demonstrations(16)];
    const sideBySide = (): Purchases => {
      const one = plain.money({ allowanceUsd: 36 });
      for (const stage of [small, large]) one.reserve(stage);
      return one;
    };
    const [payer, failed, paid] = [sideBySide(), sideBySide(), sideBySide()];
    for (const one of [payer, failed]) one.settle(small, resultOf(small, { bought: 0 }));
    assert.throws(() => payer.reserve(plain.demonstrations(3, 1)), {
      ...overAllowance,
      message: /has \$4\.00 left/,
    });
    assert.equal(payer.unreportedUsd, 32, 'the larger one has paid for all 16');
    payer.settle(large, resultOf(large));
    assert.equal(payer.unreportedUsd, 0);
    assert.throws(() => payer.reserve(plain.demonstrations(3, 1)), { message: /has \$4\.00 left/ });
    failed.fail(large, undefined);
    assert.equal(failed.unreportedUsd, 32, 'it may have paid for all 16');
    paid.settle(small, resultOf(small));
    assert.equal(paid.unreportedUsd, 16, 'the larger one pays for the rest');
    const three = sideBySide();
    three.reserve(plain.demonstrations(12));
    three.settle(small, resultOf(small, { bought: 0 }));
    three.settle(large, resultOf(large));
    assert.equal(three.unreportedUsd, 0, 'the third can have paid for nothing');
  });

  it('counts what a failed stage spent, and all of its grant if that is unknown', () => {
    const one = money({ allowanceUsd: 100 });
    one.reserve(demonstrations(10));
    one.grant(demonstrations(10));
    one.fail(demonstrations(10), 30);
    assert.equal(one.unreportedUsd, 30);
    one.reserve(demonstrations(10));
    assert.equal(one.grant(demonstrations(10)), 70);
    one.fail(demonstrations(10), undefined);
    assert.equal(one.unreportedUsd, 100);
    assert.throws(() => one.reserve(demonstrations(1)), overAllowance);
  });

  it('is never exceeded, whatever starts, ends and fails in whatever order', () => {
    const stages = [
      ...[4, 8, 12].map((rows) => demonstrations(rows)),
      ...[4, 8].map((rows) => demonstrations(rows, 1)),
      ...[4, 8].map((skip) => after(skip, 6)),
      evaluation(),
    ];
    const steps = fc.array(
      fc.record({
        at: fc.nat({ max: stages.length - 1 }),
        part: fc.constantFrom(0, 0.5, 1),
        end: fc.constantFrom('none', 'settle', 'fail', 'lose'),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 120 }), (events, allowanceUsd) => {
        const one = money({ allowanceUsd });
        const running = new Map<PlannedStage, number>();
        let spent = 0;
        for (const { at, part, end } of events) {
          const stage = stages[at]!;
          if (!running.has(stage)) {
            try {
              one.reserve(stage);
            } catch {
              continue;
            }
            running.set(stage, one.grant(stage)!);
          }
          const granted = running.get(stage)!;
          assert.ok(spent + [...running.values()].reduce((a, b) => a + b, 0) <= allowanceUsd + 1e-6);
          if (end === 'none') continue;
          const billed = part * granted;
          spent += billed;
          running.delete(stage);
          if (end === 'settle') one.settle(stage, resultOf(stage, { billed }));
          else one.fail(stage, end === 'lose' ? undefined : billed);
        }
      }),
    );
  });

  it('is never exceeded by rows at list price, whichever stage of a nest buys them', () => {
    const stages = [
      ...[4, 8, 12].map((rows) => plain.demonstrations(rows)),
      ...[4, 8].map((skip) => plain.after(skip, 6)),
      plain.demonstrations(4, 1),
    ];
    const steps = fc.array(
      fc.record({
        at: fc.nat({ max: stages.length - 1 }),
        step: fc.constantFrom('reserve', 'make', 'settle', 'fail', 'lose'),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 60 }), (events, allowanceUsd) => {
        const one = plain.money({ allowanceUsd });
        const bought = new Map<string, Span[]>();
        const running = new Map<PlannedStage, { usd: number }>();
        let spent = 0;
        const make = (stage: PlannedStage, paid: { usd: number }): void => {
          if (!makesRows(stage)) return;
          const [nest, span] = [stage.nest, spanOf(stage.rows)];
          const before = bought.get(nest) ?? [];
          bought.set(nest, [...before, span]);
          const rowsUsd = newRows(span, before) * prices.sftExample;
          paid.usd += rowsUsd;
          spent += rowsUsd;
        };
        for (const { at, step } of events) {
          const stage = stages[at]!;
          const paid = running.get(stage);
          if (step === 'reserve' && paid === undefined) {
            try {
              one.reserve(stage);
              running.set(stage, { usd: 0 });
            } catch {
              continue;
            }
          }
          if (paid === undefined) continue;
          if (step === 'make' || step === 'settle') make(stage, paid);
          assert.ok(spent <= allowanceUsd + 1e-6, `${spent} of ${allowanceUsd}`);
          if (step === 'settle') one.settle(stage, { usd: paid.usd, rowsUsd: paid.usd, metrics: {} });
          if (step === 'fail') one.fail(stage, paid.usd);
          if (step === 'lose') one.fail(stage, undefined);
          if (step !== 'make') running.delete(stage);
        }
      }),
      { numRuns: 500 },
    );
  });
});
