import assert from 'node:assert/strict';
import { type PlannedStage, type StageResult, zeroCost } from '../../../contracts/stage';
import * as fc from 'fast-check';
import {
  listPriceUsd,
  paidStagesOf,
  type CellPlan,
  planGrid,
  type SweepPlan,
  spentUsd,
} from '../../../planning';
import { planStage, stageKinds } from '../../../stages';
import { SpendTracker } from '../../../workflows/spend-tracker';
import { resolveSweep } from '../../support/planning/resolve';

const prices = { sftExample: 2, preferencePair: 1, verifierCall: 0.25 };
let plan: SweepPlan;
const planTwoBudgets = async (): Promise<void> => {
  plan = await planGrid(resolveSweep({ budgets: [64, 256], sftFractions: [1, 0.5], prices }));
};
const cellAt = (budget: number, fraction: number): CellPlan =>
  plan.cells.find(({ cell }) => cell.budget === budget && cell.sftFraction === fraction)!;

/** Results of a cell, with this many verifier calls for its pairs. */
const plannedUsd = ({ stages }: CellPlan): number => listPriceUsd(stages);

function resultsOf(
  { stages }: CellPlan,
  { verifierCalls = 0, cached = false, billed = -1 } = {},
): StageResult[] {
  return stages.map(({ key, kind, makes, title, rows }) => {
    const calls = rows?.source.what === 'pairs' ? verifierCalls : 0;
    const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: calls };
    const metrics: Record<string, number> = billed < 0 || rows === null ? {} : { annotatorUsd: billed };
    return { key, kind, makes, title, digest: key, cached, ledgerHead: null, metrics, cost };
  });
}

const spent = (cell: CellPlan, options: Parameters<typeof resultsOf>[1] = {}): number =>
  spentUsd(paidStagesOf(cell.stages, resultsOf(cell, options)));

describe('the spend of a sweep', () => {
  before(planTwoBudgets);

  it('is rows and the verifier calls really made', () => {
    assert.equal(spent(cellAt(256, 0.5), { verifierCalls: 10_000 }), 128 * 2 + 128 + 2500);
  });

  it('is zero for cached stages, and what an annotator billed otherwise', () => {
    assert.equal(spent(cellAt(256, 0.5), { cached: true }), 0);
    assert.equal(spent(cellAt(256, 1), { billed: 3.5 }), 3.5);
    assert.equal(spent(cellAt(256, 1), { billed: 3.5, cached: true }), 0, 'an earlier sweep paid that bill');
  });

  it('includes the bills of judges', () => {
    const { stages, evaluation } = cellAt(256, 1);
    const results = resultsOf(cellAt(256, 1), { cached: true });
    const judged = results.map((result) =>
      result.key === evaluation!.key ? { ...result, cached: false, metrics: { annotatorUsd: 0.75 } } : result,
    );
    assert.equal(spentUsd(paidStagesOf(stages, judged)), 0.75);
  });

  it('counts what was paid once, also if other cells find it in the store', () => {
    const cell = cellAt(256, 0.5);
    const [first, later] = [resultsOf(cell, { verifierCalls: 100 }), resultsOf(cell, { cached: true })];
    const usd = 128 * 2 + 128 + 25;
    assert.equal(spentUsd(paidStagesOf(cell.stages, [...first, ...later])), usd);
    assert.equal(spentUsd(paidStagesOf(cell.stages, [...later, ...first])), usd);
  });

  it('counts nested rows once, and those of a cached smaller set not at all', () => {
    const [small, large] = [cellAt(64, 1), cellAt(256, 1)];
    const both = [...small.stages, ...large.stages];
    const fresh = paidStagesOf(both, [...resultsOf(small), ...resultsOf(large)]);
    assert.equal(spentUsd(fresh), 256 * 2);
    const known = paidStagesOf(both, [...resultsOf(small, { cached: true }), ...resultsOf(large)]);
    assert.equal(spentUsd(known), 192 * 2);
  });

  it('counts rows once that stages take at different places', () => {
    const context = { resolved: resolveSweep({ prices }), seed: 0 };
    const demonstrations = (call: { rows: number; after?: PlannedStage<'rows'> }) =>
      planStage(stageKinds.synthesizeData, context, call);
    const first = demonstrations({ rows: 8 });
    const stages = [first, demonstrations({ rows: 16 }), demonstrations({ rows: 16, after: first })];
    const usdOf = (areCached: readonly boolean[]): number =>
      spentUsd(
        stages.map((stage, at) => ({ stage, ...stage, cached: areCached[at]!, cost: zeroCost, metrics: {} })),
      );
    assert.equal(usdOf([false, false, false]), 24 * 2);
    assert.equal(usdOf([true, false, true]), 0, 'each row is in a cached set');
    assert.equal(usdOf([true, true, false]), 8 * 2);
  });
});

describe('the spend tracker of a sweep', () => {
  before(planTwoBudgets);

  const admit = (spend: SpendTracker, cell: CellPlan): boolean => spend.admit(cell.cell.id, cell.stages);

  it('lets nothing begin that could pass the limit, counting what runs by its plan', () => {
    const spend = new SpendTracker({ spendLimitUsd: 600 }, undefined);
    assert.ok(admit(spend, cellAt(256, 1)));
    // The demonstrations of 64 are among those of 256; another 128 pairs and their calls are not.
    assert.ok(admit(spend, cellAt(64, 1)));
    assert.equal(admit(spend, cellAt(256, 0.5)), false);
    assert.deepEqual(spend.record, {
      usd: 0,
      skipped: [cellAt(256, 0.5).cell.id],
      unsettledUsd: undefined,
    });
  });

  it('counts what was really spent once a cell has ended', () => {
    const cell = cellAt(64, 0.5);
    const spend = new SpendTracker({ spendLimitUsd: 1010 }, undefined);
    assert.ok(admit(spend, cell));
    spend.settle(cell.cell.id, resultsOf(cell, { verifierCalls: 3400 }));
    assert.equal(spend.record.usd, 32 * 2 + 32 + 850);
    assert.equal(admit(spend, cellAt(256, 1)), false);
    assert.ok(
      admit(spend, cellAt(64, 1)),
      'the rest is not enough for the 64 that 32 demonstrations more cost',
    );
  });

  it('counts a failed cell by what it had bought, and by its plan if that is unknown', () => {
    const [known, unknown] = [cellAt(64, 0.5), cellAt(256, 1)];
    const spend = new SpendTracker({ spendLimitUsd: 600 }, undefined);
    assert.ok(admit(spend, known));
    const [demonstrations] = resultsOf(known);
    spend.writeOff(known.cell.id, { finished: [demonstrations!], unplanned: [], usd: 7 });
    assert.equal(spend.record.usd, 32 * 2 + 7);
    assert.ok(admit(spend, unknown));
    spend.writeOff(unknown.cell.id, undefined);
    assert.equal(spend.record.usd, 32 * 2 + 7);
    assert.equal(admit(spend, cellAt(256, 0.5)), false, 'of nested rows the larger set counts: 81 are left');
  });

  it('reserves the bound of stages that depend on results, and counts those that ran', () => {
    const [cell, other] = [cellAt(64, 1), cellAt(256, 0.5)];
    const boundUsd = plannedUsd(other);
    const limit = plannedUsd(cell) + boundUsd;
    const admitted = (spendLimitUsd: number): SpendTracker | undefined => {
      const spend = new SpendTracker({ spendLimitUsd }, undefined);
      return spend.admit(cell.cell.id, cell.stages, 1, boundUsd) ? spend : undefined;
    };
    assert.equal(admitted(limit - 1), undefined);
    const spend = admitted(limit)!;
    assert.equal(spend.allowance(cell.cell.id), limit);
    assert.equal(admit(spend, cellAt(256, 1)), false, 'nothing is left');
    const unplanned = other.stages.filter(({ key }) => cell.stages.every((stage) => stage.key !== key));
    const results = [...resultsOf(cell), ...resultsOf(other, { verifierCalls: 100 })];
    spend.settle(cell.cell.id, results, { unplanned, lostUsd: 3 });
    // Of the nested demonstrations the larger set counts.
    assert.equal(spend.record.usd, 128 * 2 + 128 + 25 + 3);
  });

  it('keeps the bounds of queued work from the shares of running work', () => {
    const [cell, queued] = [cellAt(64, 0.5), cellAt(256, 0.5)];
    const shareIn = (boundUsd?: number): number => {
      const spend = new SpendTracker({ spendLimitUsd: 3000 }, undefined);
      spend.reserve([{ id: queued.cell.id, stages: queued.stages, boundUsd }]);
      assert.ok(admit(spend, cell));
      return spend.allowance(cell.cell.id)! - plannedUsd(cell);
    };
    assert.equal(shareIn() - shareIn(100), 100);
    const failed = new SpendTracker({ spendLimitUsd: 3000 }, undefined);
    assert.ok(failed.admit(cell.cell.id, cell.stages, 1, 100));
    const allowance = failed.allowance(cell.cell.id);
    failed.writeOff(cell.cell.id, undefined);
    assert.equal(failed.record.unsettledUsd, allowance, 'all that it could have spent');
  });

  it('counts unreported spend in later runs, too', () => {
    const [unknown, next] = [cellAt(256, 1), cellAt(64, 1)];
    const limits = { spendLimitUsd: plannedUsd(unknown) + plannedUsd(next) - 1 };
    const page = new SpendTracker(limits, undefined);
    assert.equal(page.admit(unknown.cell.id, unknown.stages), true);
    page.writeOff(unknown.cell.id, undefined);
    const { record } = page;
    assert.deepEqual([record.usd, record.unsettledUsd], [0, plannedUsd(unknown)]);
    assert.equal(admit(new SpendTracker(limits, record), next), false);
    assert.equal(admit(new SpendTracker(limits, { usd: 0, skipped: [] }), next), true);
    assert.deepEqual(new SpendTracker(limits, record).record, record);
    assert.equal(new SpendTracker(limits, undefined).record.unsettledUsd, undefined);
  });

  it('returns the allowance of each cell that has started', () => {
    const spend = new SpendTracker({ spendLimitUsd: 600 }, { usd: 50, skipped: ['x'] });
    assert.ok(admit(spend, cellAt(256, 1)));
    assert.ok(admit(spend, cellAt(64, 1)));
    assert.equal(spend.allowance(cellAt(256, 1).cell.id), 256 * 2, 'a program gets its price and no more');
    assert.deepEqual(spend.record, { usd: 50, skipped: ['x'], unsettledUsd: undefined });
    assert.equal(new SpendTracker({}, undefined).allowance('any'), undefined);
  });

  it('admits work that depends on results if there is no limit', () => {
    const { cell, stages } = cellAt(64, 0.5);
    assert.equal(new SpendTracker({}, undefined).admit(cell.id, stages, 1, 12), true);
  });

  it('shares unplanned money among work that runs at once, and leaves what others have reserved', async () => {
    // Every seed buys its own rows, and any verifier call may be one too many.
    const { cells } = await planGrid(
      resolveSweep({ budgets: [64], sftFractions: [0.5], seeds: [0, 1, 2, 3, 4, 5], prices }),
    );
    const planned = plannedUsd(cells[0]!);
    const reserved = cells.map(({ cell, stages }) => ({ id: cell.id, stages }));
    const settings = fc.record({
      limit: fc.double({ min: planned, max: planned * 12, noNaN: true }),
      concurrentSpenders: fc.integer({ min: 1, max: 4 }),
      shares: fc.array(fc.constantFrom(0, 0.5, 1, 1), { minLength: 6, maxLength: 6 }),
    });
    fc.assert(
      fc.property(settings, ({ limit, concurrentSpenders, shares }) => {
        const spend = new SpendTracker({ spendLimitUsd: limit }, undefined);
        spend.reserve(reserved);
        const running: { id: string; usd: number }[] = [];
        const endOne = (): void => {
          const { id, usd } = running.shift()!;
          spend.writeOff(id, { finished: [], unplanned: [], usd });
        };
        cells.forEach((cell, at) => {
          if (running.length === concurrentSpenders) endOne();
          const { id } = cell.cell;
          if (!spend.admit(id, cell.stages, concurrentSpenders)) return;
          const allowance = spend.allowance(id) ?? 0;
          assert.ok(allowance > planned - 1e-6, 'at least what it plans');
          running.push({ id, usd: allowance * shares[at]! });
        });
        while (running.length > 0) endOne();
        assert.ok(spend.record.usd <= limit + 1e-6, `${spend.record.usd} of ${limit}`);
        if (limit >= 6 * planned && shares.every((share) => share === 1))
          assert.deepEqual(spend.record.skipped, [], 'the plan fits');
      }),
    );
  });
});
