import { hostname } from 'node:os';
import { startSweep, watchSweep, type SweepStatus } from '../../client';
import type { SweepResult } from '../../contracts/results';
import type { RunRecord } from '../../report/input';
import { packageVersion } from '../package-version';
import type { PlannedSweep } from '../plan/plan-sweep';
import { unlessAborted } from './abort';
import { followMetrics, type StepMetrics } from './metrics';
import { createProgress, type RunProgress } from './progress';
import type { TemporalPlace } from './temporal';

/** A sweep that ended, and where it ran. */
export interface FollowedSweep {
  readonly result: SweepResult;
  readonly run: RunRecord;
}

/** Callbacks of a run. An error that one of them throws ends the following. */
export interface RunCallbacks {
  /** About once a second. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Every optimiser step of every training stage that runs, read about once a second. */
  readonly onMetric?: ((metrics: StepMetrics) => void) | undefined;
  /** One line for people, e.g. that the sweep was running already, or that the server is silent. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

interface FollowOptions extends RunCallbacks {
  /** Ends the following, not the sweep. */
  readonly signal: AbortSignal;
}

type Started = Awaited<ReturnType<typeof startSweep>>;

const notices: Record<Started['how'], string | null> = {
  started: null,
  attached: 'This sweep was running already; going on with it.',
  restarted:
    'This sweep was begun under other workflow code; it begins anew and takes finished stages from the store.',
};

const notSearchable =
  'The server does not index what runs are searched by, so "budgetline list" will not find this one by its task or budget; see "budgetline server register".';

/** The workflow's page shows its newest run; with the run's id the address would not fit a line. */
function pageOf({ uiUrl }: TemporalPlace, { workflowId }: Started): { temporalUi?: string } {
  return uiUrl === null ? {} : { temporalUi: `${uiUrl}/namespaces/default/workflows/${workflowId}` };
}

function runRecord(place: TemporalPlace, started: Started): RunRecord {
  const { acquisitionMs } = place;
  return {
    workflowId: started.workflowId,
    runId: started.runId,
    ...pageOf(place, started),
    finishedAt: new Date().toISOString(),
    elapsedMs: Math.round(performance.now() - acquisitionMs),
    ...(acquisitionMs === 0 ? {} : { serverMs: Math.round(acquisitionMs) }),
    packageVersion: packageVersion(),
    host: hostname(),
  };
}

/** Reports metrics until `work` has settled; an error of the callback ends the work by its signal. */
async function withMetrics<T>(
  planned: PlannedSweep,
  { onMetric, signal }: FollowOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (onMetric === undefined) return work(signal);
  const [ended, failed] = [new AbortController(), new AbortController()];
  const following = followMetrics(planned, { onMetric, ended: ended.signal });
  const settled = following.catch((error: unknown) => failed.abort(error));
  try {
    return await work(AbortSignal.any([signal, failed.signal]));
  } finally {
    ended.abort();
    await settled;
  }
}

/**
 * Starts a sweep or attaches to it, and follows it to its end.
 *
 * @throws BudgetlineError of what ended it; the signal's reason
 */
export async function followSweep(
  place: TemporalPlace,
  planned: PlannedSweep,
  options: FollowOptions,
): Promise<FollowedSweep> {
  const { onProgress, onNotice, signal } = options;
  const { resolved, plan } = planned;
  const { client } = place;
  const started = await unlessAborted(startSweep(resolved, { client }), signal);
  const notice = notices[started.how];
  if (notice !== null) onNotice?.(notice);
  if (!started.searchable) onNotice?.(notSearchable);
  const progressOf = createProgress(planned);
  const onStatus = (status: SweepStatus): void => onProgress?.(progressOf(status));
  const { home } = planned.store.paths;
  const result = await withMetrics(planned, options, (ended) =>
    watchSweep({ client, plan, started, onStatus, onNotice, home, signal: ended }),
  );
  return { result, run: runRecord(place, started) };
}
