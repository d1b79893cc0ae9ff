import type { SweepAnalysis } from '../../contracts/analysis/sweep';
import type { SweepResult } from '../../contracts/results';
import type { SweepInput } from '../../definitions';
import { planSweep, type PlannedSweep } from '../plan/plan-sweep';
import { writeReport, type ReportFiles } from '../results/report-files';
import type { SweepRecord } from '../results/sweep-record';
import { executeSweep } from './execute-sweep';
import type { FollowedSweep, RunCallbacks } from './follow-sweep';
import { type RunOptions, runParts } from './run-parts';

/** Options of {@link runSweep}. */
export interface RunSweepOptions extends RunOptions, RunCallbacks {}

/** A finished sweep. */
export interface SweepOutcome {
  /** Scores of cells and controls, failed cells, cost. */
  readonly result: SweepResult;
  /** The best split of each budget, diagnoses, verdicts. With axes: for their first values. */
  readonly analysis: SweepAnalysis;
  /** Paths of the report and the other files. `report.parts` has the analyses of all combinations of axis values. */
  readonly report: ReportFiles;
}

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
 * @throws BudgetlineError DEFINITION_INVALID, INPUT_MISSING, TASK_UNKNOWN, TASK_FAULTY, DATA_INVALID, BUDGET_EXCEEDS_POOL, SPEND_LIMIT
 * before anything runs; TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE, TEMPORAL_SILENT; the code of what ended the
 * sweep. A failed cell does not throw: `result.failedCells` lists it
 * @throws the reason of `signal`, if it aborts
 */
export async function runSweep(definition: SweepInput, options: RunSweepOptions = {}): Promise<SweepOutcome> {
  const { onProgress, onMetric, onNotice } = options;
  const planned = await planSweep(definition, options);
  const running = { ...runParts(planned, options), onProgress, onMetric, onNotice };
  return executeSweep(planned, running, async (followed) => {
    const report = await writeReport(recordOf(planned, followed), { store: planned.store });
    return { result: followed.result, analysis: report.parts[0].analysis, report };
  });
}
