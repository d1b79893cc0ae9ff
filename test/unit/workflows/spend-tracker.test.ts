import assert from 'node:assert/strict';
import { type StageResult, zeroCost } from '../../../contracts/stage';
import * as fc from 'fast-check';
import {
  listPriceUsd,
  type CellPlan,
  makesRows,
  newRows,
  planGrid,
  type Span,
  spanOf,
  type SweepPlan,
} from '../../../planning';
import { SpendTracker } from '../../../workflows/spend-tracker';
import { resolveSweep } from '../../support/planning/resolve';

const prices = { sftExample: 2, preferencePair: 1, verifierCall: 0.25 };
let plan: SweepPlan;
const planTwoBudgets = async (): Promise<void> => {
  plan = await planGrid(resolveSweep({ budgets: [64, 256], sftFractions: [1, 0.5], prices }));
};
const cellAt = (budget: number, fraction: number): CellPlan =>
  plan.cells.find(({ cell }) => cell.budget === budget && cell.sftFraction === fraction)!;

const plannedUsd = ({ stages }: CellPlan): number => listPriceUsd(stages);

/** What was bought in each nest of rows. */
type Store = Map<string, Span[]>;

/** Results of a cell. It buys the rows that the store lacks, and makes `verifierCalls` calls for its pairs. */
function resultsOf(
  { stages }: CellPlan,
  { verifierCalls = 0, cached = false, billed = -1, store = new Map() as Store } = {},
): StageResult[] {
  return stages.map((stage) => {
    const { key, kind, makes, title, rows } = stage;
    const result = {
      key,
      kind,
      makes,
      title,
      digest: key,
      cached,
      ledgerHead: null,
      metrics: {},
      cost: zeroCost,
    };
    if (!makesRows(stage)) return { ...result, usd: 0 };
    if (billed >= 0) return { ...result, usd: cached ? 0 : billed };
    const [nest, span] = [stage.nest, spanOf(stage.rows)];
    const before = store.get(nest) ?? [];
    store.set(nest, [...before, span]);
    const rowsUsd = cached ? 0 : newRows(span, before) * stage.rows.usd;
    const calls = rows?.source.what === 'pairs' && !cached ? verifierCalls : 0;
    return { ...result, usd: rowsUsd + calls * prices.verifierCall, rowsUsd };
  });
}

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

  it('counts what each request paid, also for a stage that another has made', () => {
    const cell = cellAt(64, 0.5);
    const spend = new SpendTracker({}, undefined);
    for (const id of ['first', 'later', 'billed']) spend.admit(id, cell.stages);
    spend.settle('first', resultsOf(cell, { verifierCalls: 100 }));
    assert.equal(spend.record.usd, 32 * 2 + 32 + 25);
    spend.settle('later', resultsOf(cell, { cached: true }));
    assert.equal(spend.record.usd, 32 * 2 + 32 + 25, 'stages from the store cost nothing');
    const [demonstrations, ...rest] = resultsOf(cell, { cached: true });
    const judged = { ...rest.at(-1)!, usd: 0.75 };
    spend.settle('billed', [{ ...demonstrations!, usd: 3.5, rowsUsd: undefined }, judged]);
    assert.equal(spend.record.usd, 32 * 2 + 32 + 25 + 3.5 + 0.75, 'bills of annotators and judges');
  });

  it('keeps the money of rows that a running cell has paid for, and an ended one used', () => {
    const [small, large, next] = [cellAt(64, 1), cellAt(256, 1), cellAt(64, 0.5)];
    const started = (): SpendTracker => {
      const spend = new SpendTracker({ spendLimitUsd: plannedUsd(large) + 10 }, undefined);
      for (const cell of [small, large]) assert.ok(admit(spend, cell));
      spend.settle(small.cell.id, resultsOf(small, { cached: true }));
      return spend;
    };
    const [paid, lost, cached] = [started(), started(), started()];
    assert.equal(paid.record.usd, 0);
    assert.equal(admit(paid, next), false, 'the larger cell has bought all of the rows, and not reported it');
    paid.settle(large.cell.id, resultsOf(large));
    assert.equal(paid.record.usd, plannedUsd(large));
    lost.writeOff(large.cell.id, undefined);
    assert.equal(lost.record.unsettledUsd, plannedUsd(large), 'it may have paid for all');
    cached.settle(large.cell.id, resultsOf(large, { cached: true }));
    assert.ok(admit(cached, next), 'an earlier sweep had paid');
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
    const store: Store = new Map();
    const results = [...resultsOf(cell, { store }), ...resultsOf(other, { verifierCalls: 100, store })];
    spend.settle(cell.cell.id, results, { unplanned, lostUsd: 3 });
    // Each of the nested demonstrations was paid for once.
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

  it('never passes its limit, whichever of the running cells buys the rows that they share', async () => {
    const { cells, annotationUsd: gridUsd } = await planGrid(
      resolveSweep({
        budgets: [16, 32, 64],
        sftFractions: [1, 0.5],
        seeds: [0, 1],
        prices: { ...prices, verifierCall: 0 },
      }),
    );
    const settings = fc.record({
      order: fc.shuffledSubarray(
        cells.map((_, at) => at),
        { minLength: cells.length },
      ),
      limit: fc.double({ min: 0, max: gridUsd * 1.2, noNaN: true }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      // When each cell buys its rows, and when it ends.
      turns: fc.array(fc.nat({ max: 4 }), { minLength: 200, maxLength: 200 }),
    });
    const reserved = cells.map(({ cell, stages }) => ({ id: cell.id, stages }));
    fc.assert(
      fc.property(settings, ({ order, limit, concurrency, turns }) => {
        const spend = new SpendTracker({ spendLimitUsd: limit }, undefined);
        spend.reserve(reserved);
        const store: Store = new Map();
        const running: { cell: CellPlan; results?: StageResult[] }[] = [];
        let bought = 0;
        const step = (): void => {
          const at = (turns.shift() ?? 0) % running.length;
          const one = running[at]!;
          if (one.results === undefined) {
            one.results = resultsOf(one.cell, { store });
            bought += one.results.reduce((sum, { usd }) => sum + usd, 0);
            assert.ok(bought <= limit + 1e-6, `${bought} of ${limit}`);
            return;
          }
          running.splice(at, 1);
          spend.settle(one.cell.cell.id, one.results);
        };
        for (const place of order) {
          const cell = cells[place]!;
          while (running.length === concurrency) step();
          if (spend.admit(cell.cell.id, cell.stages, concurrency)) running.push({ cell });
        }
        while (running.length > 0) step();
        assert.ok(Math.abs(spend.record.usd - bought) < 1e-6);
        if (limit >= gridUsd) assert.deepEqual(spend.record.skipped, [], 'the plan fits');
      }),
      { numRuns: 300 },
    );
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
