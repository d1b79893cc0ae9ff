import { startExperiment, watchExperiment, type ExperimentStatus } from '../../client';
import type { CellResult } from '../../contracts/results';
import type { ExperimentInput } from '../../definitions';
import { planExperiment } from '../plan/plan-experiment';
import { executeRun } from './execute-run';
import { type RunOptions, runParts } from './run-parts';
import { startRun } from './start-run';

/** Options of {@link runExperiment}. */
export interface RunExperimentOptions extends RunOptions {
  /** Called about once a second. An error that it throws ends the call. */
  readonly onProgress?: (status: ExperimentStatus) => void;
}

/**
 * Runs one cell to its end: plans it, finds or starts a Temporal server, trains and evaluates. If it is already running,
 * the call attaches to it. Finished stages come from the store, those of sweeps too, so the call can be repeated after an
 * abort, a crash or a cancellation. An embedded server keeps running afterwards; stop it with `budgetline server stop`.
 *
 * Only embedded workers know the tasks, annotators and judges that are passed as objects.
 *
 * @example
 * ```ts
 * const { cell, evaluation, stages } = await runExperiment(experiment);
 * console.log(cell.id, evaluation.score);
 * for (const { title, cost } of stages) console.log(title, cost.deviceMs);
 * ```
 *
 * @returns the cell with its score, its stages with their costs, and the price of its rows. `auditRun(cell.id)` reads its
 * record, `verifyRun(cell.id)` verifies it
 * @throws BudgetlineError DEFINITION_INVALID, INPUT_MISSING, TASK_UNKNOWN, TASK_FAULTY, DATA_INVALID, BUDGET_EXCEEDS_POOL before
 * anything runs; TEMPORAL_MISSING, PORT_IN_USE, STORE_UNWRITABLE, TEMPORAL_SILENT; the code of what ended the experiment
 * @throws the reason of `signal`, if it aborts
 */
export async function runExperiment(
  definition: ExperimentInput,
  options: RunExperimentOptions = {},
): Promise<CellResult> {
  const { onNotice, onProgress } = options;
  const planned = await planExperiment(definition, options);
  const { resolved } = planned;
  const onStatus = (status: ExperimentStatus): void => onProgress?.(status);
  return executeRun(planned, runParts(planned, options), {
    follow: async ({ client }, signal) => {
      const start = () => startExperiment(resolved, { client });
      const started = await startRun(start, { client, run: 'experiment', onNotice, signal });
      const { outageHours } = resolved.definition.execution;
      return watchExperiment({ client, started, onStatus, onNotice, outageHours, signal });
    },
    finish: (result) => Promise.resolve(result),
  });
}
