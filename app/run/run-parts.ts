import { startEmbeddedWorkers } from '../../workers';
import { membersOf } from '../../planning';
import type { Location } from '../location';
import type { PlannedExperiment } from '../plan/plan-experiment';
import type { PlannedSweep, PlanOptions } from '../plan/plan-sweep';
import type { RunParts, RunWorkers, StartWorkers } from './execute-run';
import { findTemporal, temporalOf, type TemporalServer } from './temporal';

/** Where a sweep or an experiment runs. */
export interface RunOptions extends PlanOptions, Location {
  /**
   * "embedded": starts workers in this process and stops them at the end. "none": uses workers that run elsewhere on the
   * same home, e.g. `budgetline worker`; they must know your own tasks. Default: "embedded".
   */
  readonly workers?: 'embedded' | 'none';
  /**
   * Aborting ends the call, not the run: embedded workers save checkpoints and stop. Call the function with the same
   * definition to continue. `cancelRun` ends the run itself.
   */
  readonly signal?: AbortSignal;
  /** Called with one line for people, e.g. that the run is already going or that the server does not answer. */
  readonly onNotice?: (text: string) => void;
}

type Planned = Pick<PlannedSweep | PlannedExperiment, 'home' | 'store' | 'tasks' | 'resolved'>;

function openTemporal({ home }: Planned, { client, onNotice }: RunOptions): Promise<TemporalServer> {
  if (client !== undefined) return Promise.resolve(temporalOf(client));
  const onProgress = (text: string): void => onNotice?.(text);
  return findTemporal({ home, env: process.env, onProgress });
}

/** Starts workers in this process. They get the user's tasks as objects. */
function embedIn({ home, store, tasks, resolved }: Planned): StartWorkers {
  return async ({ env }, onGiveUp) => {
    const members = membersOf(resolved);
    const workers = await startEmbeddedWorkers({ env, home, store, tasks, members });
    workers.ended.catch(onGiveUp);
    return workers;
  };
}

const noWorkers: RunWorkers = { stop: () => Promise.resolve() };
const neverAborted = new AbortController().signal;

/** The server and the workers of a planned run. */
export function runParts(planned: Planned, options: RunOptions): RunParts {
  const { workers = 'embedded', signal = neverAborted } = options;
  return {
    openTemporal: () => openTemporal(planned, options),
    startWorkers: workers === 'embedded' ? embedIn(planned) : () => noWorkers,
    signal,
  };
}
