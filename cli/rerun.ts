import type { StartWorkers } from '../app/run/execute-run';
import { executeSweep } from '../app/run/execute-sweep';
import type { RunProgress } from '../app/run/progress';
import { startTemporal } from '../app/run/temporal';
import type { PlannedSweep } from '../app/plan/plan-sweep';
import type { Printer } from './printer';
import { createProgressView } from './progress-view';
import { startRunWorkers } from './run-workers';

export interface RerunOptions {
  readonly printer: Printer;
  /** A file with tasks that the workers must know; null if the built-in tasks are enough. */
  readonly tasksFile: string | null;
  /** Aborting stops the workers and ends the call. */
  readonly signal: AbortSignal;
}

/** Runs a planned sweep to its end and shows its progress, with a server and workers of its store's home. */
export async function rerunSweep(
  planned: PlannedSweep,
  { printer, tasksFile, signal }: RerunOptions,
): Promise<void> {
  const { home } = planned;
  const view = createProgressView(printer);
  signal.addEventListener('abort', () => view.notice('Stopping.'));
  const env = { ...process.env };
  // The variable is the port of the user's home, whose server may be running.
  delete env['BUDGETLINE_TEMPORAL_PORT'];
  const onNotice = (text: string): void => view.notice(text);
  let opening: Promise<unknown> | undefined;
  const running = {
    // A server of its own: on a shared one, workers of another home would run the stages in their store.
    openTemporal: () => {
      const started = startTemporal({ home, env, onProgress: (text) => printer.print([text]) });
      opening = started;
      return started;
    },
    startWorkers: (...[server, onGiveUp]: Parameters<StartWorkers>) =>
      startRunWorkers(planned, server, { tasksFile, onNotice, onGiveUp }),
    onProgress: (progress: RunProgress) => view.show(progress),
    onNotice,
    signal,
  };
  try {
    await executeSweep(planned, running, () => Promise.resolve());
  } finally {
    view.end();
    // A server that still starts would outlive its home.
    await opening?.catch(() => undefined);
  }
}
