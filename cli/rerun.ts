import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followSweep } from '../app/run/follow-sweep';
import { listenForInterruption } from './interruption';
import { exitStatusOfSignal } from './exit-status';
import type { PlannedSweep } from '../app/plan/planned-sweep';
import type { Printer } from './printer';
import { createProgressView } from './progress-view';
import { createRunWorkers } from './run-workers';
import { startTemporal } from '../app/run/temporal';

/** A home for as long as `use` takes, with its server, if it started one. */
export async function withFreshHome<T>(use: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'budgetline-reproduce-'));
  try {
    return await use(home);
  } finally {
    const { stopServers } = await import('../workers/embedded-server/index.js');
    await stopServers(home);
    await rm(home, { recursive: true, force: true });
  }
}

/** Runs a planned sweep to its end, in its store's home, on a server and with workers of its own. */
export async function rerunSweep(planned: PlannedSweep, printer: Printer): Promise<void> {
  const { home } = planned.store.paths;
  await planned.store.prepare();
  const view = createProgressView(printer);
  const hopeless = new AbortController();
  const interruption = listenForInterruption({
    onFirst: () => view.notice('Stopping.'),
    onSecond: (name) => process.exit(exitStatusOfSignal(name)),
  });
  const env = { ...process.env };
  // The port is the one of the user's own home.
  delete env['BUDGETLINE_TEMPORAL_PORT'];
  const onProgress = (text: string): void => printer.print([text]);
  // A server of its own: workers of another home, on a shared one, would take the stages into their store.
  const place = await interruption.unlessInterrupted(startTemporal({ home, env, onProgress }));
  const workers = createRunWorkers(place, {
    ...{ home, tasksFile: planned.tasksFile },
    onNotice: (text) => view.notice(text),
    onGiveUp: (error) => hopeless.abort(error),
  });
  workers.start();
  try {
    const signal = AbortSignal.any([interruption.signal, hopeless.signal]);
    await followSweep(place, { planned, view, interruption, signal });
  } finally {
    view.end();
    await workers.stop();
    await place.client.connection.close();
  }
}
