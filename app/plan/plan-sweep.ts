import type { SweepDefinition } from '../../schemas/definition';
import type { ResolvedSweep } from '../../contracts/resolved';
import type { StageKey } from '../../contracts/stage';
import type { Task } from '../../contracts/task';
import {
  defineSweep,
  tryDefinition,
  type DownloadProgress,
  type SweepInput,
  type TaskTrial,
} from '../../definitions';
import { assertRepeatable, planGrid, type SweepPlan } from '../../planning';
import type { Store } from '../../store';
import { builtInTasks, deviceSlots } from '../../workers';
import { placeOf, type HomeOptions, type Place } from '../location';
import { findBoughtRows } from './bought-rows';
import { warnOfKeptVersions } from './kept-versions';
import { placeFacts, type PlaceFacts } from './place-facts';
import { summarizePlan, type PlanSummary } from './plan-summary';
import { readMachine, warnOfResources } from './resources';
import { userTasks, type UserCodeOptions } from './user-tasks';
import { learnYields } from './yields';

/** Options of {@link planSweep}. */
export interface PlanOptions extends HomeOptions, UserCodeOptions {
  /** Reports the progress of downloads from the Hugging Face hub. */
  readonly onDownload?: (progress: DownloadProgress) => void;
}

/** A sweep that is ready to run: checked, planned, compared with the store; its model and files pinned by digest. */
export interface PlannedSweep {
  /** The definition with the digests of its model and files. */
  readonly resolved: ResolvedSweep;
  /** Cells, unique stages and their keys. */
  readonly plan: SweepPlan;
  /** Counts, US dollars and estimated seconds. */
  readonly summary: PlanSummary;
  /** Keys of stages whose artifacts are in the store. */
  readonly cached: ReadonlySet<StageKey>;
  readonly home: string;
  readonly store: Store;
  /** Facts for the report, one for each combination of axis values; one if there are no axes. */
  readonly places: readonly PlaceFacts[];
  /** What reference answers and program annotators score on some items, for each task of the definition. */
  readonly trials: readonly TaskTrial[];
  /** Your own tasks, which the workers must know. */
  readonly tasks: readonly Task[];
}

async function findCached(store: Store, plan: SweepPlan): Promise<Set<StageKey>> {
  const found = plan.stages.map(async ({ stage: { kind, key } }) =>
    (await store.get({ kind, key })) === undefined ? [] : [key],
  );
  return new Set((await Promise.all(found)).flat());
}

interface Planning extends Pick<PlanOptions, 'onDownload'>, Place {
  readonly tasks: readonly Task[];
}

async function planDefinition(
  definition: SweepDefinition,
  { home, store, tasks: own, onDownload }: Planning,
): Promise<PlannedSweep> {
  // The user's task precedes a built-in task of the same name, as in workers.
  const tasks = [...own, ...builtInTasks];
  const hub = onDownload === undefined ? {} : { hub: { onProgress: onDownload } };
  const { resolved, trials, lengths, userFiles } = await tryDefinition(definition, { tasks, ...hub });
  const plan = await planGrid(resolved);
  await assertRepeatable(plan);
  const cached = await findCached(store, plan);
  const slots = deviceSlots(definition.execution.threads);
  const yields = await learnYields(store, plan);
  const bought = await findBoughtRows(
    store,
    plan.stages.map(({ stage }) => stage),
  );
  const summary = summarizePlan(plan, { definition, cached, bought, slots, yields });
  const machine = await readMachine(home);
  const warnings = [
    ...lengths,
    ...trials.flatMap((trial) => trial.warnings),
    ...summary.warnings,
    ...(await warnOfKeptVersions(store, plan)),
    ...warnOfResources(summary.resources, { home, slots, machine }),
  ];
  const places = placeFacts(resolved, { tasks, cells: plan.cells });
  return {
    resolved,
    plan,
    summary: { ...summary, userFiles, warnings },
    cached,
    home,
    store,
    places,
    trials,
    tasks: own,
  };
}

/**
 * Plans a sweep: cells, unique stages, stages that are in the store, rows to buy, US dollars and estimated seconds.
 * Tries the tasks on some items. Starts nothing. Writes nothing, except that a model of the Hugging Face hub is downloaded into its cache.
 *
 * @example
 * ```ts
 * const { summary } = await planSweep(definition);
 * console.log(summary.uniqueStages - summary.cachedStages, 'stages to run,', summary.toBuyUsd, 'US dollars');
 * ```
 *
 * @returns the plan. `runSweep` takes the definition and makes the same plan
 * @throws BudgetlineError DEFINITION_INVALID, INPUT_MISSING, TASK_UNKNOWN, TASK_FAULTY, DATA_INVALID,
 * BUDGET_EXCEEDS_POOL, SPEND_LIMIT
 */
export async function planSweep(definition: SweepInput, options: PlanOptions = {}): Promise<PlannedSweep> {
  const defined = defineSweep(definition);
  const tasks = userTasks(defined, options);
  return planDefinition(defined, { ...placeOf(options), tasks, onDownload: options.onDownload });
}
