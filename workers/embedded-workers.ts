import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { taskQueues } from '../contracts/stage';
import { toFileError } from '../host/fs-errors';
import { connectWorker } from './connection';
import { createWorker, type StageWorker, type WorkerSettings } from './create-worker';
import { installRuntime } from './runtime';

export interface EmbeddedWorkersOptions extends Pick<WorkerSettings, 'home' | 'store' | 'tasks' | 'members'> {
  /** Holds Temporal's own configuration. */
  readonly env: NodeJS.ProcessEnv;
}

/** Workers of this process on both queues. */
export interface EmbeddedWorkers {
  /** Resolves when all workers have ended; rejects when the first one fails. */
  readonly ended: Promise<void>;
  /** Lets running stages save checkpoints. Resolves when everything has ended; can be called again. */
  stop(): Promise<void>;
}

/** Temporal's runtime is shared by all workers of a process, and so are its lines. */
const logs = new Set<WriteStream>();

function openLog(home: string): WriteStream {
  const folder = join(home, 'logs');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw toFileError(error, folder);
  }
  const log = createWriteStream(join(folder, 'embedded-workers.log'), { flags: 'a' });
  log.on('error', () => undefined);
  logs.add(log);
  return log;
}

function closeLog(log: WriteStream): void {
  logs.delete(log);
  log.end();
}

async function startWorkers({ env, ...settings }: EmbeddedWorkersOptions): Promise<EmbeddedWorkers> {
  const { connection, namespace } = await connectWorker({ env });
  const workers: StageWorker[] = [];
  try {
    for (const queue of Object.keys(taskQueues))
      workers.push(await createWorker({ ...settings, connection, namespace, queue }));
  } catch (error) {
    // The connection stays open while a worker that never ran holds it.
    await connection.close().catch(() => undefined);
    throw error;
  }
  const runs = workers.map((worker) => worker.run());
  const ended = Promise.all(runs).then(() => undefined);
  const stop = async (): Promise<void> => {
    for (const worker of workers) worker.stop();
    // The connection cannot be closed before the last worker has ended.
    await Promise.allSettled(runs);
    await connection.close();
  };
  return { ended, stop };
}

/**
 * Starts a worker for each queue in this process. Warnings go to the home's logs/embedded-workers.log.
 *
 * @throws BudgetlineError TEMPORAL_MISSING, CONNECTION_INVALID, INPUT_MISSING (no workflow bundle), STORE_UNWRITABLE
 */
export async function startEmbeddedWorkers(options: EmbeddedWorkersOptions): Promise<EmbeddedWorkers> {
  const log = openLog(options.home);
  await installRuntime((line) => {
    for (const each of logs) each.write(line);
  });
  try {
    const workers = await startWorkers(options);
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= workers.stop().finally(() => closeLog(log)));
    return { ended: workers.ended, stop };
  } catch (error) {
    closeLog(log);
    throw error;
  }
}
