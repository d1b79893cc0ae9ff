import { startEmbeddedWorkers } from '../../workers';
import type { SweepAnalysis } from '../../contracts/analysis';
import type { SweepResult } from '../../contracts/results';
import type { SweepInput } from '../../schemas/definition';
import type { Location } from '../location';
import { planSweep, type PlannedSweep, type PlanOptions } from '../plan/plan-sweep';
import { writeReport, type ReportFiles } from '../results/report-files';
import type { SweepRecord } from '../results/sweep-record';
import { executeSweep, type RunWorkers, type StartWorkers } from './execute-sweep';
import type { FollowedSweep, RunCallbacks } from './follow-sweep';
import { findTemporal, temporalOf, type TemporalPlace } from './temporal';

/** Options of {@link runSweep}. */
export interface RunSweepOptions extends PlanOptions, Location, RunCallbacks {
  /**
   * "embedded": workers of this process, for as long as the call takes. "none": workers that run elsewhere on the same
   * home, e.g. `budgetline worker`; they must know the user's tasks. Default: "embedded".
   */
  readonly workers?: 'embedded' | 'none' | undefined;
  /**
   * Ends the call, not the sweep: embedded workers save checkpoints and stop, and `runSweep` with the same definition
   * goes on from there. `cancelRun` ends the sweep itself.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A finished sweep. */
export interface SweepOutcome {
  /** Scores of cells and controls, cells that failed, cost. */
  readonly result: SweepResult;
  /** The best split of each budget, diagnoses, verdicts; at the first place, where the sweep has axes. */
  readonly analysis: SweepAnalysis;
  /** Paths of the report and the other files; `report.parts` has the analyses of all places on the axes. */
  readonly report: ReportFiles;
}

const neverAborted = new AbortController().signal;

function openTemporal(
  { store }: PlannedSweep,
  { client, onNotice }: RunSweepOptions,
): Promise<TemporalPlace> {
  if (client !== undefined) return Promise.resolve(temporalOf(client));
  const onProgress = (text: string): void => onNotice?.(text);
  return findTemporal({ home: store.paths.home, env: process.env, onProgress });
}

/** Starts workers of this process, which have the user's tasks as objects. */
function embedIn({ store, tasks }: PlannedSweep): StartWorkers {
  return async ({ env }, onGiveUp) => {
    const workers = await startEmbeddedWorkers({ env, home: store.paths.home, tasks });
    workers.ended.catch(onGiveUp);
    return workers;
  };
}

const noWorkers: RunWorkers = { stop: () => Promise.resolve() };

/** The record of a sweep that ended, as result.json has it. */
export function recordOf({ resolved, places }: PlannedSweep, { result, run }: FollowedSweep): SweepRecord {
  return { definition: resolved.definition, places, result, run };
}

/**
 * Runs a sweep to its end: plans it, finds or starts a Temporal server, trains and evaluates, analyses the scores and
 * writes the report. A sweep that is running already is attached to, and finished stages come from the store, so the
 * call can be repeated after an abort, a crash or a cancellation. An embedded server goes on running afterwards; stop it
 * with `budgetline server stop`.
 *
 * The tasks, annotators and judges that are passed as objects are known to embedded workers only.
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
 * @throws the reason of `signal`
 */
export async function runSweep(definition: SweepInput, options: RunSweepOptions = {}): Promise<SweepOutcome> {
  const { workers = 'embedded', signal = neverAborted, onProgress, onMetric, onNotice } = options;
  const planned = await planSweep(definition, options);
  const running = {
    openTemporal: () => openTemporal(planned, options),
    startWorkers: workers === 'embedded' ? embedIn(planned) : () => noWorkers,
    ...{ signal, onProgress, onMetric, onNotice },
  };
  return executeSweep(planned, running, async (followed) => {
    const report = await writeReport(recordOf(planned, followed), { store: planned.store });
    return { result: followed.result, analysis: report.parts[0].analysis, report };
  });
}
