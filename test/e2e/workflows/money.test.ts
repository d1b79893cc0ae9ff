import assert from 'node:assert/strict';
import { zeroCost, type PlannedStage } from '../../../contracts/stage';
import type { ResolvedSweep } from '../../../contracts/resolved';
import { listPriceUsd, planGrid, uniquePurchase } from '../../../planning';
import { createFolderStore } from '../../../store';
import type { Orchestration } from '../../../workflows/orchestration';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep, runSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const prices = { sftExample: 0, preferencePair: 1, verifierCall: 0.25 };

describe('what the cells and controls of a sweep may spend', function () {
  this.timeout(acquisitionLimitMs);
  const home = temporaryFolder();

  /** Runs a sweep whose stages only record what each may spend, in the order of the requests. */
  async function grantsOf(resolved: ResolvedSweep, orchestration: Partial<Orchestration>) {
    const grants: { stage: PlannedStage; usd: number }[] = [];
    const store = createFolderStore(home.path());
    const costOf = (stage: PlannedStage) => ({ verifierCalls: uniquePurchase([stage]).verifierCalls });
    const { result } = await withIdleWorkers(
      {
        stageMs: 20,
        costOf,
        metricsOf: () => ({ items: 100, score: 0.5 }),
        real: (idle) => ({
          storeDocument: ({ document }) => store.storeDocument(document),
          synthesizeData: async (request) => {
            const { stage, allowanceUsd: usd = Infinity } = request;
            const cached = grants.some((grant) => grant.stage.key === stage.key);
            grants.push({ stage, usd });
            const result = await idle.synthesizeData(request);
            return cached ? { ...result, cached, cost: zeroCost, usd: 0, rowsUsd: 0 } : result;
          },
        }),
      },
      (client) => runSweep(client, resolved, { orchestration, home: home.path() }),
    );
    const usdOf = (what: string): number[] =>
      grants.flatMap(({ stage, usd }) => ('what' in stage.spec && stage.spec.what === what ? [usd] : []));
    return { result, grants, usdOf };
  }

  it('is shared by controls that run at the same time', async () => {
    const resolved = await resolveTinySweep({
      name: 'controls-spend',
      budgets: [16],
      sftFractions: [0.5],
      seeds: [0, 1, 2],
      prices,
      controls: ['rejection-sampling'],
      spendLimitUsd: 2000,
    });
    const { result, usdOf } = await grantsOf(resolved, { maxConcurrentCells: 3 });
    assert.equal(result.controls.length, 3);
    const usd = usdOf('rejection-samples');
    assert.ok(Math.min(...usd) > 0.9 * Math.max(...usd), usd.join(', '));
    assert.ok(usd.reduce((sum, one) => sum + one, 0) + (result.spend?.usd ?? 0) > 1900, 'all of it is used');
  });

  it('does not depend on how many cells a run has', async () => {
    const resolved = await resolveTinySweep({
      name: 'pages-spend',
      budgets: [10],
      sftFractions: [0],
      seeds: [0, 1, 2, 3],
      controls: [],
      prices,
      spendLimitUsd: 200,
    });
    const [whole, cut] = [
      await grantsOf(resolved, { maxConcurrentCells: 1, maxCellsPerRun: 300 }),
      await grantsOf(resolved, { maxConcurrentCells: 1, maxCellsPerRun: 2 }),
    ];
    const [early, all] = [cut.usdOf('pairs').slice(0, 2), whole.usdOf('pairs')];
    assert.equal(all.length, 4);
    assert.deepEqual(early, all.slice(0, 2), 'what the second run plans is reserved');
    assert.deepEqual(cut.result.failedCells, []);
  });

  for (const maxCellsPerRun of [300, 2])
    it(`is enough for every cell if the limit equals the plan, also with nested rows, at ${maxCellsPerRun} cells per run`, async () => {
      const resolved = await resolveTinySweep({
        name: 'exact-spend',
        budgets: [16, 32],
        sftFractions: [1, 0.5, 0],
        controls: [],
        prices: { ...prices, sftExample: 3 },
      });
      const { annotationUsd: spendLimitUsd } = await planGrid(resolved);
      const limited = { ...resolved, definition: { ...resolved.definition, spendLimitUsd } };
      const { result, grants } = await grantsOf(limited, { maxConcurrentCells: 1, maxCellsPerRun });
      assert.deepEqual(result.failedCells, []);
      for (const { stage, usd } of grants.filter(({ stage: { spec } }) => 'pairs' in spec)) {
        const alone = listPriceUsd([stage]);
        assert.ok(usd > alone - 1e-6, `${stage.title}: $${usd} of $${alone}`);
      }
      assert.ok(
        Math.abs((result.spend?.usd ?? 0) - spendLimitUsd) < 1e-6,
        `${result.spend?.usd} of ${spendLimitUsd}`,
      );
    });
});
