import { hostname } from 'node:os';
import { startSweep, watchSweep, type SweepStatus } from '../../client';
import type { SweepResult } from '../../contracts/results';
import type { RunRecord } from '../../report/input';
import { packageVersion } from '../package-version';
import type { PlannedSweep } from '../plan/plan-sweep';
import { followMetrics, type MetricsOptions, type StepMetrics, TrainingStages } from './metrics';
import { createProgress, type RunProgress } from './progress';
import type { RunOptions } from './run-parts';
import { startRun } from './start-run';
import type { TemporalServer } from './temporal';

/** The result of a sweep, and the record of its run. */
export interface FollowedSweep {
  readonly result: SweepResult;
  readonly run: RunRecord;
}

/** Callbacks of a run. If one throws, the call ends with its error. */
export interface RunCallbacks extends Pick<RunOptions, 'onNotice'> {
  /** Called about once a second. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Called for every optimiser step of every training stage that runs; steps are read about once a second. */
  readonly onMetric?: (metrics: StepMetrics) => void;
}

interface FollowOptions extends RunCallbacks {
  /** Aborting ends the call, not the sweep. */
  readonly signal: AbortSignal;
}

type Started = Awaited<ReturnType<typeof startSweep>>;

/** The workflow's page shows its newest run. With the run's id the address would not fit on a line. */
function pageOf({ uiUrl }: TemporalServer, { workflowId }: Started): { temporalUi?: string } {
  return uiUrl === null ? {} : { temporalUi: `${uiUrl}/namespaces/default/workflows/${workflowId}` };
}

function runRecord(server: TemporalServer, started: Started): RunRecord {
  const { acquisitionMs } = server;
  return {
    workflowId: started.workflowId,
    runId: started.runId,
    ...pageOf(server, started),
    finishedAt: new Date().toISOString(),
    elapsedMs: Math.round(performance.now() - acquisitionMs),
    serverMs: acquisitionMs === 0 ? undefined : Math.round(acquisitionMs),
    packageVersion: packageVersion(),
    host: hostname(),
  };
}

/** Reports metrics until `work` has settled. An error of the callback aborts the work. */
async function withMetrics<T>(
  { home, trainings }: Pick<MetricsOptions, 'home' | 'trainings'>,
  { onMetric, signal }: FollowOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (onMetric === undefined) return work(signal);
  const [ended, failed] = [new AbortController(), new AbortController()];
  const following = followMetrics({ home, trainings, onMetric, ended: ended.signal });
  const settled = following.catch((error: unknown) => failed.abort(error));
  try {
    return await work(AbortSignal.any([signal, failed.signal]));
  } finally {
    ended.abort();
    await settled;
    failed.signal.throwIfAborted();
  }
}

/**
 * Starts a sweep or attaches to a running one, and follows it to its end.
 *
 * @throws BudgetlineError with the code of what ended it; the signal's reason
 */
export async function followSweep(
  server: TemporalServer,
  planned: PlannedSweep,
  options: FollowOptions,
): Promise<FollowedSweep> {
  const { onProgress, onNotice, signal } = options;
  const { resolved, plan } = planned;
  const { client } = server;
  const start = () => startSweep(resolved, { client });
  const started = await startRun(start, { client, run: 'sweep', onNotice, signal });
  const progressOf = createProgress(planned);
  const trainings = new TrainingStages(planned);
  const onStatus = (status: SweepStatus): void => {
    trainings.note(status);
    onProgress?.(progressOf(status));
  };
  const { store, home } = planned;
  const { outageHours } = resolved.definition.execution;
  const result = await withMetrics({ home, trainings }, options, (ended) =>
    watchSweep({ client, plan, started, onStatus, onNotice, store, outageHours, signal: ended }),
  );
  return { result, run: runRecord(server, started) };
}
