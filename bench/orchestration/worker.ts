/**
 * All workers of the bench in one process, which reports its memory and processor time regularly:
 * `worker.ts ADDRESS idle|trainer HOME BUNDLE`; BUNDLE holds the bare workflow.
 * "idle": stages return at once. "trainer": the real stages, with a training executable that does no work.
 */
import '../../test/support/quiet-runtime';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { createIdleActivities } from '../../test/support/idle-activities';
import { coinTask } from '../../test/support/coin-task';
import { createFolderStore } from '../../store';
import { connectWorker, createWorker, workflowLimits } from '../../workers';
import { workflowBundlePath } from '../../host/package-files';

const [address = '', form = '', home = '', codePath = ''] = process.argv.slice(2);

/** More than the number of cores, since the stages do nothing. */
const maxConcurrentActivityTaskExecutions = 20;

async function createIdleWorkers(connection: NativeConnection): Promise<Worker[]> {
  const idle = createIdleActivities({ stageMs: 0, onStage: () => undefined });
  const store = createFolderStore(home);
  const activities = {
    ...idle,
    storeDocument: ({ document }: { document: unknown }) => store.storeDocument(document),
  };
  const common = { connection, activities, maxConcurrentActivityTaskExecutions };
  const workflowBundle = { codePath: workflowBundlePath };
  return Promise.all([
    Worker.create({ ...common, ...workflowLimits, workflowBundle, taskQueue: 'cpu' }),
    Worker.create({ ...common, taskQueue: 'gpu' }),
  ]);
}

function createTrainerWorkers(connection: NativeConnection) {
  const trainer = { command: [process.execPath, join(__dirname, 'idle-trainer.js')] };
  const common = { connection, home, trainer, tasks: [coinTask] };
  return Promise.all([
    createWorker({ ...common, queue: 'cpu' }),
    createWorker({ ...common, queue: 'gpu', slots: availableParallelism() }),
  ]);
}

async function main(): Promise<void> {
  const { connection } = await connectWorker({ address });
  const bare = await Worker.create({
    connection,
    taskQueue: 'bare',
    ...workflowLimits,
    maxConcurrentActivityTaskExecutions,
    workflowBundle: { codePath },
    activities: { nothing: () => Promise.resolve() },
  });
  const workers =
    form === 'idle' ? await createIdleWorkers(connection) : await createTrainerWorkers(connection);
  const report = (): void => {
    const { user, system } = process.cpuUsage();
    const usage = { memoryBytes: process.memoryUsage().rss, cpuMs: (user + system) / 1000 };
    process.stdout.write(`${JSON.stringify(usage)}\n`);
  };
  setInterval(report, 250);
  report();
  await Promise.all([bare, ...workers].map((worker) => worker.run()));
}

void main();
