import { hostname } from 'node:os';
import { startSweep, watchSweep, type SweepStatus } from '../../client';
import type { SweepResult } from '../../contracts/results';
import type { RunRecord } from '../../report/input';
import { deviceSlots } from '../../workers';
import type { Interruption } from '../../cli/interruption';
import { packageVersion } from '../package-version';
import type { PlannedSweep } from '../plan/planned-sweep';
import type { Standing } from '../../cli/print/progress';
import type { ProgressView } from '../../cli/progress-view';
import type { TemporalPlace } from './temporal';
import { estimateTimeLeft } from './time-left';

/** A sweep that ended, and where it ran. */
export interface FollowedSweep {
  readonly result: SweepResult;
  readonly run: RunRecord;
}

export interface FollowOptions {
  readonly planned: PlannedSweep;
  readonly view: ProgressView;
  readonly interruption: Interruption;
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

/** Turns what the client sees into what is shown. */
function createStandings({ plan, cached, resolved }: PlannedSweep): (status: SweepStatus) => Standing {
  const cells = new Map(plan.cells.map(({ cell }) => [cell.id, cell]));
  const slots = deviceSlots(resolved.definition.execution.threads);
  const beganMs = performance.now();
  return (status) => {
    const finished = new Set([...cached, ...status.finished]);
    const elapsedMs = performance.now() - beganMs;
    const runningSeconds = Math.max(0, ...status.running.map(({ progress }) => progress?.secondsLeft ?? 0));
    const inCells = (status.progress?.phase ?? 'cells') === 'cells';
    const secondsLeft = inCells
      ? estimateTimeLeft({ plan, cached, finished, elapsedMs, slots, runningSeconds })
      : null;
    return { status: { ...status, finished }, cells, stages: plan.stages.length, elapsedMs, secondsLeft };
  };
}

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

/**
 * Starts a sweep or attaches to it, and shows where it stands until it ends.
 *
 * @throws BudgetlineError of what ended it; the signal's reason
 */
export async function followSweep(place: TemporalPlace, options: FollowOptions): Promise<FollowedSweep> {
  const { planned, view, interruption, signal } = options;
  const { resolved, plan } = planned;
  const { client } = place;
  const started = await interruption.unlessInterrupted(startSweep(resolved, { client }));
  const notice = notices[started.how];
  if (notice !== null) view.notice(notice);
  if (!started.searchable) view.notice(notSearchable);
  const standingOf = createStandings(planned);
  const onStatus = (status: SweepStatus): void => view.show(standingOf(status));
  const { home } = planned.store.paths;
  const onNotice = (text: string): void => view.notice(text);
  const result = await watchSweep({ client, plan, started, onStatus, onNotice, signal, home });
  return { result, run: runRecord(place, started) };
}
