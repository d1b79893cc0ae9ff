import type { LogEntry } from '@temporalio/worker';

/** "2026-01-01T… WARN Activity failed TRAINER_STALLED: … activityType=trainSft attempt=2". */
function lineOf({ level, message, timestampNanos, meta }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const { error, ...rest } = meta ?? {};
  const reason = error instanceof Error ? ` ${error.name}: ${error.message}` : '';
  const fields = ['activityType', 'attempt', 'workflowId', 'workflowType'] as const;
  const named = fields.flatMap((field) =>
    rest[field] === undefined ? [] : [`${field}=${String(rest[field])}`],
  );
  return `${time} ${level} ${message}${reason} ${named.join(' ')}\n`;
}

/**
 * Sets up Temporal's worker runtime of this process, which exists once: a line for each warning or error, and no signal
 * handlers. Does nothing where the program has set up its own runtime.
 */
export async function installRuntime(write: (line: string) => void): Promise<void> {
  const { DefaultLogger, IllegalStateError, makeTelemetryFilterString, Runtime } =
    await import('@temporalio/worker');
  try {
    Runtime.install({
      logger: new DefaultLogger('WARN', (entry) => write(lineOf(entry))),
      telemetryOptions: {
        logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
      },
      shutdownSignals: [],
    });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
