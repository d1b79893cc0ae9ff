import type { Client } from '@temporalio/client';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import { workflowBundlePath } from '../../host/package-files';
import { taskQueues } from '../../contracts/stage';
import { createIdleActivities } from './idle-activities';
import { whilePolling } from './polling';

/** Runs `use` with workers whose stages do nothing, for tests of the workflows alone. */
export async function withIdleWorkers<T>(
  options: Partial<Parameters<typeof createIdleActivities>[0]> & {
    /** Stages that do something. */
    readonly real?: (idle: Activities) => Partial<Activities>;
    /** Other workflows than the package's. */
    readonly workflowBundle?: WorkflowBundle;
  },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const idle = createIdleActivities({ stageMs: 0, onStage: () => undefined, ...options });
  const activities = { ...idle, ...options.real?.(idle) };
  const { workflowBundle = { codePath: workflowBundlePath } } = options;
  const common = { activities, workflowBundle };
  return whilePolling(
    (connection) =>
      Promise.all(
        [taskQueues.cpu, taskQueues.gpu].map(async (taskQueue) => {
          const worker = await Worker.create({ ...common, connection, taskQueue });
          return { run: () => worker.run(), stop: () => worker.shutdown() };
        }),
      ),
    use,
  );
}
