import { membersOf } from '../../planning';
import { bundleWorkflows } from '../../workers';
import type { PlannedExperiment } from '../plan/plan-experiment';
import type { PlannedSweep } from '../plan/plan-sweep';
import { unlessAborted } from './abort';
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

/** The server and the workers of a run. */
export interface RunParts {
  readonly openTemporal: () => Promise<TemporalServer>;
  readonly startWorkers: StartWorkers;
  /** Aborting stops the workers, not the run: it can be continued later. */
  readonly signal: AbortSignal;
}

/** How a run is followed. */
export interface Following<Followed, Finished> {
  /** Starts the run or attaches to it, and follows it to its end. */
  readonly follow: (server: TemporalServer, signal: AbortSignal) => Promise<Followed>;
  /** Called with the result while the workers stop. */
  readonly finish: (followed: Followed, server: TemporalServer) => Promise<Finished>;
}

async function openUnlessAborted({ openTemporal, signal }: RunParts): Promise<TemporalServer> {
  let opening: Promise<TemporalServer> | undefined;
  try {
    return await unlessAborted(() => (opening = openTemporal()), signal);
  } catch (error) {
    void opening?.then((server) => server.close()).catch(() => undefined);
    throw error;
  }
}

type Planned = Pick<PlannedSweep | PlannedExperiment, 'store' | 'resolved'>;

/** Refuses members that workflows cannot load here: errors of worker processes are in their logs. */
async function assertBundled({ resolved }: Planned): Promise<void> {
  const members = membersOf(resolved);
  if (members.length > 0) await bundleWorkflows(members);
}

/**
 * Runs a sweep or an experiment to its end with its own workers.
 *
 * @throws BudgetlineError with the code of what ended the run; the signal's reason
 */
export async function executeRun<Followed, Finished>(
  planned: Planned,
  parts: RunParts,
  { follow, finish }: Following<Followed, Finished>,
): Promise<Finished> {
  await assertBundled(planned);
  await planned.store.prepare();
  const server = await openUnlessAborted(parts);
  const gaveUp = new AbortController();
  let workers: RunWorkers | undefined;
  try {
    workers = await parts.startWorkers(server, (error) => gaveUp.abort(error));
    const followed = await follow(server, AbortSignal.any([parts.signal, gaveUp.signal]));
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
