import type { LogEntry } from '@temporalio/worker';
import { connectWorker } from './connection';
import { createWorker } from './create-worker';
import type { StageWorker, WorkerSettings } from './create-worker';

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

/** One line a warning or error, on standard error, which a parent process keeps in a file. */
function writeEntry({ level, message, timestampNanos, meta }: LogEntry): void {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const { error, ...rest } = meta ?? {};
  const reason = error instanceof Error ? ` ${error.name}: ${error.message}` : '';
  const fields = ['activityType', 'attempt', 'workflowId', 'workflowType'] as const;
  const named = fields.flatMap((field) =>
    rest[field] === undefined ? [] : [`${field}=${String(rest[field])}`],
  );
  process.stderr.write(`${time} ${level} ${message}${reason} ${named.join(' ')}\n`);
}

async function installRuntime(): Promise<void> {
  const { DefaultLogger, makeTelemetryFilterString, Runtime } = await import('@temporalio/worker');
  Runtime.install({
    logger: new DefaultLogger('WARN', writeEntry),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
    },
    shutdownSignals: [],
  });
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
  await installRuntime();
  const { connection, namespace } = await connectWorker(options);
  const worker = await createWorker({ ...options, connection, namespace });
  stopWhenAsked(worker, options.keepAlive === true);
  options.onReady?.();
  await worker.run();
  await connection.close();
  if (options.keepAlive === true) process.stdin.destroy();
}
