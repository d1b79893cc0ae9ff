import type { ResolvedExperiment } from '../../contracts/resolved';
import type { Task } from '../../contracts/task';
import {
  defineExperiment,
  tryDefinition,
  sweepOfOne,
  type ExperimentInput,
  type TaskTrial,
} from '../../definitions';
import { assertRepeatable, type CellPlan, planCell } from '../../planning';
import { builtInTasks } from '../../workers';
import { type Place, placeOf } from '../location';
import type { PlanOptions } from './plan-sweep';
import { userTasks } from './user-tasks';

/** An experiment that is ready to run: checked and planned; its model and files pinned by digest. */
export interface PlannedExperiment extends Place {
  readonly resolved: ResolvedExperiment;
  readonly plan: CellPlan;
  /** What reference answers and program annotators score on some items, for each task of the definition. */
  readonly trials: readonly TaskTrial[];
  /** Rows, prompts and reference answers longer than a limit, one sentence for each limit. */
  readonly lengths: readonly string[];
  /** The user's own tasks, which the workers must know. */
  readonly tasks: readonly Task[];
}

/**
 * Plans an experiment. Starts nothing.
 *
 * @throws BudgetlineError DEFINITION_INVALID, INPUT_MISSING, TASK_UNKNOWN, TASK_FAULTY, DATA_INVALID, BUDGET_EXCEEDS_POOL
 */
export async function planExperiment(
  definition: ExperimentInput,
  options: PlanOptions,
): Promise<PlannedExperiment> {
  const defined = defineExperiment(definition);
  const tasks = userTasks(sweepOfOne(defined), options);
  const hub = { onProgress: options.onDownload };
  // The user's task precedes a built-in task of the same name, as in workers.
  const { resolved, trials, lengths } = await tryDefinition(defined, {
    tasks: [...tasks, ...builtInTasks],
    hub,
  });
  const plan = await planCell(resolved);
  await assertRepeatable({ cells: [plan] });
  return { ...placeOf(options), resolved, plan, trials, lengths, tasks };
}
