import assert from 'node:assert/strict';
import { Worker } from '@temporalio/worker';
import { connect, startSweep, workflowBundlePath } from '../../client';
import { taskQueues } from '../../contracts/stage';
import { connectWorker } from '../../workers';
import { createIdleActivities } from '../support/idle-activities';
import { resolveTinySweep } from '../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../support/temporal';

/** Stages on the device: reference, SFT and evaluation of each cell; reference and evaluation of the base. */
const stagesOf = (cells: number): number => 3 * cells + 2;

function resolveCells(name: string, cells: number) {
  const seeds = Array.from({ length: cells }, (_, seed) => seed);
  return resolveTinySweep({ name, budgets: [8], sftFractions: [1], seeds, controls: [] });
}

describe('server: sweeps that share a device', function () {
  this.timeout(acquisitionLimitMs);

  it('get turns: one of 5 cells beside one of 60 does not wait until that is through', async () => {
    const { address } = await testServer();
    const { connection } = await connectWorker(address);
    const client = await connect({ address });
    const done = new Map<string, number>();
    const onStage = (id: string): void => void done.set(id, (done.get(id) ?? 0) + 1);
    const common = { connection, workflowBundle: { codePath: workflowBundlePath } };
    const ledger = {
      ...common,
      taskQueue: taskQueues.cpu,
      activities: createIdleActivities({ stageMs: 0, onStage: () => undefined }),
    };
    // One device, of one stage at a time, that takes longer over it than a workflow takes to ask for the next.
    const device = {
      connection,
      taskQueue: taskQueues.gpu,
      activities: createIdleActivities({ stageMs: 100, onStage }),
      maxConcurrentActivityTaskExecutions: 1,
    };
    const workers = await Promise.all([Worker.create(ledger), Worker.create(device)]);
    const ended = Promise.all(workers.map((worker) => worker.run()));
    const begin = async (name: string, cells: number) =>
      startSweep(await resolveCells(name, cells), { client, orchestration: { window: 60 } });
    try {
      const large = await begin('large', 60);
      while ((done.get(large.workflowId) ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      const small = await begin('small', 5);
      await small.handle.result();
      assert.equal(done.get(small.workflowId), stagesOf(5));
      const beside = done.get(large.workflowId) ?? 0;
      assert.ok(beside < 0.75 * stagesOf(60), `the large one had done ${beside} of ${stagesOf(60)} stages`);
      console.log(`      (17 stages of the small one beside ${beside} of ${stagesOf(60)} of the large one)`);
      await large.handle.terminate();
    } finally {
      for (const worker of workers) worker.shutdown();
      await ended;
      await Promise.all([connection.close(), client.connection.close()]);
    }
  });
});
