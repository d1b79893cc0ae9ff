import { visibleText } from '../core/visible-text';
import { connectWorker } from './connection';
import { createWorker } from './create-worker';
import type { StageWorker, WorkerSettings } from './create-worker';
import { installRuntime } from './runtime';

export interface WorkerProcessOptions extends Omit<WorkerSettings, 'connection' | 'namespace'> {
  /** "host:port" instead of the configured address. */
  readonly address?: string;
  /** Environment with Temporal's own configuration. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Use standard input as the keep-alive: when it closes, the parent has died and the worker stops. */
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

/** Runs a worker in this process until SIGTERM, SIGINT or the end of its keep-alive; then drains it. */
export async function runWorkerProcess(options: WorkerProcessOptions): Promise<void> {
  // A parent process keeps standard error in a file.
  await installRuntime((line) => process.stderr.write(visibleText(line)));
  const { connection, namespace } = await connectWorker(options);
  const worker = await createWorker({ ...options, connection, namespace });
  stopWhenAsked(worker, options.keepAlive === true);
  options.onReady?.();
  await worker.run();
  await connection.close();
  if (options.keepAlive === true) process.stdin.destroy();
}
