import assert from 'node:assert/strict';
import type { PlannedStage } from '../../../contracts/stage';
import { planGrid } from '../../../planning';
import { searchRunsOf, totalSeconds } from '../../../search';
import { withIdleWorkers } from '../../support/idle-bench';
import { recordHistory, recording } from '../../support/record-histories';
import { resolveTinySweep, runSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';

describe('a sweep that searches', function () {
  this.timeout(acquisitionLimitMs);

  it('runs batches until it is settled, in an order that does not depend on who ends first', async () => {
    const resolved = await resolveTinySweep({
      name: 'searching',
      search: { method: 'adaptive' },
      seeds: [0, 1],
      controls: [],
      budgets: [16, 64],
      sftFractions: [1, 0.75, 0.5, 0.25, 0],
    });
    const plan = await planGrid(resolved);
    const cellOf = new Map(plan.cells.map(({ evaluation, cell }) => [evaluation!.key, cell]));
    // A peak at SFT fraction 1, on many items: found soon.
    const metricsOf = ({ key }: PlannedStage) => ({
      items: 4000,
      score: 0.2 + 0.5 * (cellOf.get(key)?.sftFraction ?? 0),
    });
    const result = await withIdleWorkers({ metricsOf, stageMs: 5 }, async (client) => {
      const ran = await runSweep(client, resolved);
      if (recording) await recordHistory(client, 'sweep-adaptive', ran.plan.sweepId);
      return ran.result;
    });
    const { search, cells, failedCells } = result;
    assert.ok(search && search.skipped > 0);
    assert.deepEqual(failedCells, [], 'skipped cells are not failed cells');
    assert.equal(cells.length + search.skipped, plan.cells.length);
    const asked = search.rounds.flatMap(({ ids }) => ids);
    assert.deepEqual(asked.slice().sort(), cells.map(({ cell }) => cell.id).sort());
    const runs = searchRunsOf(plan.cells, plan.stages);
    const used = runs.filter(({ id }) => asked.includes(id));
    assert.ok(totalSeconds(used) <= 0.5 * totalSeconds(runs));
    for (const { sftFraction, settled } of search.rounds.at(-1)?.standings ?? [])
      assert.deepEqual([sftFraction, settled], [1, true]);
  });

  it('ends at its spend limit: cells that were not started report that', async () => {
    const prices = { sftExample: 1, preferencePair: 1, verifierCall: 1 };
    const resolved = await resolveTinySweep({
      name: 'limited',
      budgets: [8, 16],
      sftFractions: [1, 0.5],
      controls: ['few-shot'],
      // The plan: 16 demonstrations; 4 and 8 pairs of samples, and about ten checker calls a pair.
      prices,
      spendLimitUsd: 150,
    });
    const metricsOf = () => ({ items: 100, score: 0.5 });
    const calls = 130;
    const { result } = await withIdleWorkers(
      { metricsOf, costOf: ({ title }) => ({ verifierCalls: title === '8 preference pairs' ? calls : 0 }) },
      async (client) => runSweep(client, resolved, { orchestration: { maxConcurrentCells: 1 } }),
    );
    const { spend, cells, failedCells, controls } = result;
    assert.ok(spend && spend.usd <= 150 && spend.usd > calls);
    assert.ok(
      cells.length > 0 && failedCells.length > 0,
      `${cells.length} cells, ${failedCells.length} holes`,
    );
    assert.deepEqual(new Set(failedCells.map(({ code }) => code)), new Set(['SPEND_LIMIT']));
    assert.deepEqual(
      spend.skipped.slice(0, failedCells.length).sort(),
      failedCells.map(({ cell }) => cell.id).sort(),
    );
    assert.match(failedCells[0]?.message ?? '', /Not started: \$\d+\.\d\d spent/);
    assert.equal(controls.length + spend.skipped.length - failedCells.length, 1);
  });
});
