import { executeSweep, type StartWorkers } from '../app/run/execute-sweep';
import type { RunProgress } from '../app/run/progress';
import { startTemporal } from '../app/run/temporal';
import type { PlannedSweep } from '../app/plan/plan-sweep';
import { listenForInterruption } from './interruption';
import { exitStatusOfSignal } from './exit-status';
import type { Printer } from './printer';
import { createProgressView } from './progress-view';
import { startRunWorkers } from './run-workers';

export interface RerunOptions {
  readonly printer: Printer;
  /** A file whose tasks the workers must know; null where those of the package do. */
  readonly tasksFile: string | null;
}

/** Runs a planned sweep to its end, in its store's home, on a server and with workers of that home, and shows it. */
export async function rerunSweep(planned: PlannedSweep, { printer, tasksFile }: RerunOptions): Promise<void> {
  const { home } = planned.store.paths;
  const view = createProgressView(printer);
  const { signal } = listenForInterruption({
    onFirst: () => view.notice('Stopping.'),
    onSecond: (name) => process.exit(exitStatusOfSignal(name)),
  });
  const env = { ...process.env };
  // The port is the one of the user's own home.
  delete env['BUDGETLINE_TEMPORAL_PORT'];
  const onNotice = (text: string): void => view.notice(text);
  const running = {
    // A server of its own: workers of another home, on a shared one, would take the stages into their store.
    openTemporal: () => startTemporal({ home, env, onProgress: (text) => printer.print([text]) }),
    startWorkers: (...[place, onGiveUp]: Parameters<StartWorkers>) =>
      startRunWorkers(place, { home, tasksFile, onNotice, onGiveUp }),
    ...{ onProgress: (progress: RunProgress) => view.show(progress), onNotice, signal },
  };
  try {
    await executeSweep(planned, running, () => Promise.resolve());
  } finally {
    view.end();
  }
}
