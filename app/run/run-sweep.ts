import { startEmbeddedWorkers } from '../../workers';
import type { SweepAnalysis } from '../../contracts/analysis/sweep';
import type { SweepResult } from '../../contracts/results';
import type { SweepInput } from '../../schemas/definition';
import { membersOf } from '../../planning';
import type { Location } from '../location';
import { planSweep, type PlannedSweep, type PlanOptions } from '../plan/plan-sweep';
import { writeReport, type ReportFiles } from '../results/report-files';
import type { SweepRecord } from '../results/sweep-record';
import { executeSweep, type RunWorkers, type StartWorkers } from './execute-sweep';
import type { FollowedSweep, RunCallbacks } from './follow-sweep';
import { findTemporal, temporalOf, type TemporalServer } from './temporal';

/** Options of {@link runSweep}. */
export interface RunSweepOptions extends PlanOptions, Location, RunCallbacks {
  /**
   * "embedded": starts workers in this process and stops them at the end. "none": uses workers that run elsewhere on the
   * same home, e.g. `budgetline worker`; they must know your own tasks. Default: "embedded".
   */
  readonly workers?: 'embedded' | 'none';
  /**
   * Aborting ends the call, not the sweep: embedded workers save checkpoints and stop. Call `runSweep` with the same
   * definition to continue. `cancelRun` ends the sweep itself.
   */
  readonly signal?: AbortSignal;
}

/** A finished sweep. */
export interface SweepOutcome {
  /** Scores of cells and controls, failed cells, cost. */
  readonly result: SweepResult;
  /** The best split of each budget, diagnoses, verdicts. With axes: for their first values. */
  readonly analysis: SweepAnalysis;
  /** Paths of the report and the other files. `report.parts` has the analyses of all combinations of axis values. */
  readonly report: ReportFiles;
}

const neverAborted = new AbortController().signal;

function openTemporal(
  { home }: PlannedSweep,
  { client, onNotice }: RunSweepOptions,
): Promise<TemporalServer> {
  if (client !== undefined) return Promise.resolve(temporalOf(client));
  const onProgress = (text: string): void => onNotice?.(text);
  return findTemporal({ home, env: process.env, onProgress });
}

/** Starts workers in this process. They get the user's tasks as objects. */
function embedIn({ home, store, tasks, resolved }: PlannedSweep): StartWorkers {
  return async ({ env }, onGiveUp) => {
    const members = membersOf(resolved);
    const workers = await startEmbeddedWorkers({ env, home, store, tasks, members });
    workers.ended.catch(onGiveUp);
    return workers;
  };
}

const noWorkers: RunWorkers = { stop: () => Promise.resolve() };

/** The record of a finished sweep, for result.json. */
export function recordOf({ resolved, places }: PlannedSweep, { result, run }: FollowedSweep): SweepRecord {
  return { definition: resolved.definition, places, result, run };
}

/**
 * Runs a sweep to its end: plans it, finds or starts a Temporal server, trains and evaluates, analyses the scores and
 * writes the report. If the sweep is already running, the call attaches to it. Finished stages come from the store, so
 * the call can be repeated after an abort, a crash or a cancellation. An embedded server keeps running afterwards; stop
 * it with `budgetline server stop`.
 *
 * Only embedded workers know the tasks, annotators and judges that are passed as objects.
 *
 * @example
 * ```ts
 * const { analysis, report } = await runSweep(definition, {
 *   onMetric: ({ stage, step, values }) => console.log(stage.title, step, values.loss),
 * });
 * for (const { budget, sftFraction } of analysis.budgets) console.log(budget, sftFraction);
 * console.log(report.path);
 * ```
 *
 * @throws BudgetlineError DEFINITION_INVALID, INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID, BUDGET_EXCEEDS_POOL, SPEND_LIMIT
 * before anything runs; TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE, TEMPORAL_SILENT; the code of what ended the
 * sweep. A failed cell does not throw: `result.failedCells` lists it
 * @throws the reason of `signal`, if it aborts
 */
export async function runSweep(definition: SweepInput, options: RunSweepOptions = {}): Promise<SweepOutcome> {
  const { workers = 'embedded', signal = neverAborted, onProgress, onMetric, onNotice } = options;
  const planned = await planSweep(definition, options);
  const running = {
    openTemporal: () => openTemporal(planned, options),
    startWorkers: workers === 'embedded' ? embedIn(planned) : () => noWorkers,
    signal,
    onProgress,
    onMetric,
    onNotice,
  };
  return executeSweep(planned, running, async (followed) => {
    const report = await writeReport(recordOf(planned, followed), { store: planned.store });
    return { result: followed.result, analysis: report.parts[0].analysis, report };
  });
}
