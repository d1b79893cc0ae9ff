import { readConfiguration } from '../connection';

/**
 * Replays a run's events against workflow code. Throws if the commands differ from the history. Runs the
 * code in this process: only use trusted code.
 */
export async function replayHistory(run: {
  readonly events: readonly unknown[];
  readonly workflowId: string;
  /** Text of the workflow code. */
  readonly code: string;
}): Promise<void> {
  const { DefaultLogger, Runtime, Worker } = await import('@temporalio/worker');
  quieten ??= install(Runtime, DefaultLogger);
  const { events, workflowId, code } = run;
  const { dataConverter } = readConfiguration({ env: process.env });
  await Worker.runReplayHistory({ workflowBundle: { code }, dataConverter }, { events }, workflowId);
}

type Worker = typeof import('@temporalio/worker');

let quieten: true | undefined;

/** Silences the SDK's log: the thrown error says why a replay failed. */
function install(Runtime: Worker['Runtime'], DefaultLogger: Worker['DefaultLogger']): true {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: { logging: { filter: 'off' } },
    });
  } catch {
    // This process has already installed a runtime.
  }
  return true;
}
