import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { Activities } from '../../activities';
import { connect, workflowBundlePath } from '../../client';
import { taskQueues } from '../../contracts/stage';
import { connectWorker } from '../../workers';
import { createIdleActivities } from './idle-activities';
import { testServer } from './temporal';

/** Workers whose stages do nothing, for as long as `use` takes: for what workflows decide, not for what stages make. */
export async function withIdleWorkers<T>(
  options: Partial<Parameters<typeof createIdleActivities>[0]> & {
    /** Stages that do something after all. */
    readonly real?: (idle: Activities) => Partial<Activities>;
  },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { address } = await testServer();
  const { connection } = await connectWorker(address);
  const idle = createIdleActivities({ stageMs: 0, onStage: () => undefined, ...options });
  const activities = { ...idle, ...options.real?.(idle) };
  const common = { connection, activities, workflowBundle: { codePath: workflowBundlePath } };
  const workers = await Promise.all(
    [taskQueues.cpu, taskQueues.gpu].map((taskQueue) => Worker.create({ ...common, taskQueue })),
  );
  const ended = Promise.all(workers.map((worker) => worker.run()));
  const client = await connect({ address });
  try {
    return await use(client);
  } finally {
    for (const worker of workers) worker.shutdown();
    await ended;
    await Promise.all([connection.close(), client.connection.close()]);
  }
}
