import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { connect, startSweep } from '../../../client';
import { workflowBundlePath } from '../../../host/package-files';
import { taskQueues } from '../../../contracts/stage';
import { connectWorker } from '../../../workers';
import { createIdleActivities } from '../../support/idle-activities';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../../support/temporal';

function resolveCells(name: string, cells: number) {
  const seeds = Array.from({ length: cells }, (_, seed) => seed);
  return resolveTinySweep({ name, budgets: [8], sftFractions: [1], seeds, controls: [] });
}

const { TASK_QUEUE_TYPE_ACTIVITY } = temporal.api.enums.v1.TaskQueueType;

/** Waits until this many stages are in the device's queue. */
async function untilQueued({ workflowService }: Client, count: number): Promise<void> {
  const taskQueue = { name: taskQueues.gpu };
  const ask = { namespace: 'default', taskQueue, taskQueueType: TASK_QUEUE_TYPE_ACTIVITY, reportStats: true };
  for (;;) {
    const { stats } = await workflowService.describeTaskQueue(ask);
    if (Number(stats?.approximateBacklogCount ?? 0) >= count) return;
    await sleep(50);
  }
}

describe('sweeps that share a device', function () {
  this.timeout(acquisitionLimitMs);

  it('take turns: the stages of a small one do not wait for all of an earlier large one', async () => {
    const { address } = await testServer();
    const { connection } = await connectWorker({ address });
    const client = await connect({ address });
    const done: string[] = [];
    const idle = createIdleActivities({ stageMs: 0, onStage: () => undefined });
    const common = { connection, workflowBundle: { codePath: workflowBundlePath } };
    const workers = [await Worker.create({ ...common, taskQueue: taskQueues.cpu, activities: idle })];
    const ended = [workers[0]!.run()];
    const begin = async (name: string, cells: number) =>
      startSweep(await resolveCells(name, cells), { client, orchestration: { maxConcurrentCells: 60 } });
    try {
      const large = await begin('large', 60);
      await untilQueued(client, 60);
      const small = await begin('small', 5);
      await untilQueued(client, 66);
      // One device with one stage at a time, which finds the queue full.
      const device = await Worker.create({
        connection,
        taskQueue: taskQueues.gpu,
        activities: createIdleActivities({ stageMs: 20, onStage: (id) => void done.push(id) }),
        maxConcurrentActivityTaskExecutions: 1,
      });
      workers.push(device);
      ended.push(device.run());
      const ofSmall = (): number => done.filter((id) => id === small.workflowId).length;
      while (ofSmall() < 5) await sleep(10);
      const before = done.length - ofSmall();
      console.log(`      (five stages of the small one after ${before} of the large one)`);
      assert.ok(before < 30, `after ${before} stages of the large one`);
      await Promise.all([large.handle.terminate(), small.handle.terminate()]);
    } finally {
      for (const worker of workers) worker.shutdown();
      await Promise.all(ended);
      await Promise.all([connection.close(), client.connection.close()]);
    }
  });
});
