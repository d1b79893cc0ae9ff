import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Activities } from '../../../activities';
import { cancelRun } from '../../../activities/cancel-run';
import { startSweep, steerRun } from '../../../client';
import type { ResolvedSweep } from '../../../contracts/resolved';
import type { SweepProgress } from '../../../contracts/results';
import { planGrid } from '../../../planning';
import { createFolderStore } from '../../../store';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

describe('a sweep of several runs', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  /** Cancels the sweep during the activity; the server learns of it when the activity has ended. */
  async function cancelledDuring(
    activity: 'storeDocument' | 'finalizeExperiment',
    resolved: ResolvedSweep,
  ): Promise<{ state: string; answered: boolean; ran: number }> {
    const { sweepId } = await planGrid(resolved);
    let steering: Promise<boolean> | undefined;
    let ran = 0;
    const real = (idle: Activities): Partial<Activities> => ({
      async [activity](request: never) {
        steering ??= steer();
        await sleep(300);
        return idle[activity](request);
      },
      async cancelRun(run) {
        await sleep(800);
        await cancelRun(run);
      },
    });
    let steer: () => Promise<boolean>;
    return withIdleWorkers({ real, onStage: () => void (ran += 1) }, async (client) => {
      steer = () =>
        steerRun({ client, workflowId: sweepId, command: { action: 'cancel' }, actor: 'ann' }).then(
          () => true,
          () => false,
        );
      const { handle } = await startSweep(resolved, { client, orchestration: { maxCellsPerRun: 1 } });
      await handle.result().catch(() => undefined);
      const { status } = await client.workflow.getHandle(sweepId).describe();
      return { state: status.name, answered: (await steering) ?? false, ran };
    });
  }

  const resolveSmall = (name: string): Promise<ResolvedSweep> =>
    resolveTinySweep({ name, budgets: [8, 16, 24, 32], sftFractions: [1], controls: [] });

  it('ends as cancelled if it is cancelled while it continues as new', async () => {
    const { state, answered, ran } = await cancelledDuring('storeDocument', await resolveSmall('turned'));
    assert.deepEqual([state, answered], ['CANCELLED', true]);
    assert.equal(ran, 2 + 4, 'the bases, and the cell of the first run');
  });

  it('ends as cancelled if it is cancelled while its ledger is sealed', async () => {
    const { state, answered } = await cancelledDuring('finalizeExperiment', await resolveSmall('sealed'));
    assert.deepEqual([state, answered], ['CANCELLED', true]);
  });

  it('reports in later runs which cells the spend limit skipped', async () => {
    const prices = { sftExample: 0, preferencePair: 1, verifierCall: 0.01 };
    const resolved = await resolveTinySweep({
      name: 'poor',
      budgets: [8, 9, 10, 11],
      sftFractions: [0],
      controls: [],
      prices,
      spendLimitUsd: 40,
    });
    const store = createFolderStore(folder.path());
    const progress = await withIdleWorkers(
      {
        costOf: ({ kind }) => (kind === 'synthesizeData' ? { verifierCalls: 3_000 } : {}),
        real: () => ({ storeDocument: ({ document }) => store.storeDocument(document) }),
      },
      async (client) => {
        const orchestration = { maxCellsPerRun: 1, maxConcurrentCells: 1 };
        const { handle, workflowId } = await startSweep(resolved, { client, orchestration });
        await handle.result();
        return client.workflow.getHandle(workflowId).query<SweepProgress>('progress');
      },
    );
    assert.deepEqual(
      progress.cells.map(({ state, code }) => [state, code]),
      [['done', undefined], ...Array.from({ length: 3 }, () => ['skipped', 'SPEND_LIMIT'])],
    );
  });
});
