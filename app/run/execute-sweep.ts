import type { PlannedSweep } from '../plan/plan-sweep';
import { unlessAborted } from './abort';
import { followSweep, type FollowedSweep, type RunCallbacks } from './follow-sweep';
import type { TemporalServer } from './temporal';

/** Workers of one run. */
export interface RunWorkers {
  /** Lets running stages save checkpoints; can be called again. */
  stop(): Promise<void>;
}

/** Starts the workers of a run. They call `onGiveUp` if they cannot continue; that ends the run. */
export type StartWorkers = (
  server: TemporalServer,
  onGiveUp: (error: unknown) => void,
) => RunWorkers | Promise<RunWorkers>;

export interface ExecuteOptions extends RunCallbacks {
  readonly openTemporal: () => Promise<TemporalServer>;
  readonly startWorkers: StartWorkers;
  /** Aborting stops the workers, not the sweep: it can be continued later. */
  readonly signal: AbortSignal;
}

async function openUnlessAborted({ openTemporal, signal }: ExecuteOptions): Promise<TemporalServer> {
  let opening: Promise<TemporalServer> | undefined;
  try {
    return await unlessAborted(() => (opening = openTemporal()), signal);
  } catch (error) {
    void opening?.then((server) => server.close()).catch(() => undefined);
    throw error;
  }
}

/**
 * Runs a planned sweep to its end with its own workers, and calls `finish` with the result while they stop.
 *
 * @throws BudgetlineError with the code of what ended the sweep; the signal's reason
 */
export async function executeSweep<T>(
  planned: PlannedSweep,
  options: ExecuteOptions,
  finish: (followed: FollowedSweep, server: TemporalServer) => Promise<T>,
): Promise<T> {
  await planned.store.prepare();
  const server = await openUnlessAborted(options);
  const gaveUp = new AbortController();
  let workers: RunWorkers | undefined;
  try {
    workers = await options.startWorkers(server, (error) => gaveUp.abort(error));
    const signal = AbortSignal.any([options.signal, gaveUp.signal]);
    const followed = await followSweep(server, planned, { ...options, signal });
    const [finished] = await Promise.all([finish(followed, server), workers.stop()]);
    return finished;
  } finally {
    try {
      await workers?.stop();
    } finally {
      await server.close();
    }
  }
}
