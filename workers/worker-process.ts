import { connectWorker } from './connection';
import { createWorker } from './create-worker';
import type { StageWorker, WorkerSettings } from './create-worker';
import { installRuntime } from './runtime';

export interface WorkerProcessOptions extends Omit<WorkerSettings, 'connection' | 'namespace'> {
  /** "host:port" in the place of the configured address. */
  readonly address?: string;
  /** Holds Temporal's own configuration; this process's unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input as the keep-alive: its end means that the parent died, and the worker stops. */
  readonly keepAlive?: boolean;
  /** Called when the worker begins to poll. */
  readonly onReady?: () => void;
}

function stopWhenAsked(worker: StageWorker, keepAlive: boolean): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      worker.stop();
    });
  if (!keepAlive) return;
  process.stdin.on('end', () => {
    worker.stop();
  });
  process.stdin.on('error', () => {
    worker.stop();
  });
  process.stdin.resume();
}

/** Makes this process a worker: polls until SIGTERM, SIGINT or the end of its keep-alive, and drains then. */
export async function runWorkerProcess(options: WorkerProcessOptions): Promise<void> {
  // A parent process keeps standard error in a file.
  await installRuntime((line) => process.stderr.write(line));
  const { connection, namespace } = await connectWorker(options);
  const worker = await createWorker({ ...options, connection, namespace });
  stopWhenAsked(worker, options.keepAlive === true);
  options.onReady?.();
  await worker.run();
  await connection.close();
  if (options.keepAlive === true) process.stdin.destroy();
}
