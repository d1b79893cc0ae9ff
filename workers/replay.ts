import { readConfiguration } from '../connection';

/**
 * Replays a run's events against workflow code; throws where the code asks for something else than the history holds.
 * The code runs in this process: what comes from elsewhere has to be trusted first.
 */
export async function replayHistory(run: {
  readonly events: readonly unknown[];
  readonly workflowId: string;
  readonly codePath: string;
}): Promise<void> {
  const { DefaultLogger, Runtime, Worker } = await import('@temporalio/worker');
  quieten ??= install(Runtime, DefaultLogger);
  const { events, workflowId, codePath } = run;
  const { dataConverter } = readConfiguration({ env: process.env });
  await Worker.runReplayHistory({ workflowBundle: { codePath }, dataConverter }, { events }, workflowId);
}

type Worker = typeof import('@temporalio/worker');

let quieten: true | undefined;

/** What a failed replay says, its error says; the runtime's own words would stand between the findings. */
function install(Runtime: Worker['Runtime'], DefaultLogger: Worker['DefaultLogger']): true {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: { logging: { filter: 'off' } },
    });
  } catch {
    // This process has installed a runtime of its own.
  }
  return true;
}
