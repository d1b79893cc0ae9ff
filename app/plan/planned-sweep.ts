import { resolve } from 'node:path';
import type { SweepDefinition } from '../../schemas/definition';
import type { ResolvedSweep } from '../../contracts/resolved';
import type { StageKey } from '../../contracts/stage';
import type { Task } from '../../contracts/task';
import { planSweep, type SweepPlan } from '../../planning';
import { createStore, type Store } from '../../store';
import { createDownloadLines } from '../../cli/download-lines';
import { homeOf } from '../home';
import { type DefinitionFlags, definitionOptions } from '../definition/definition-options';
import { warnOfKeptVersions } from './kept-versions';
import { loadDefinition } from '../definition/load-definition';
import { placeFacts, type PlaceFacts } from './place-facts';
import { summarizePlan, type PlanSummary } from './plan-summary';

/** A sweep that is ready to run: read, checked, pinned, planned, held against the store. */
export interface PlannedSweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly summary: PlanSummary;
  readonly cached: ReadonlySet<StageKey>;
  readonly store: Store;
  readonly places: readonly PlaceFacts[];
  /** The file whose tasks the workers must know, where it has any. */
  readonly tasksFile: string | null;
}

async function findCached(store: Store, plan: SweepPlan): Promise<Set<StageKey>> {
  const found = plan.stages.map(async ({ stage: { kind, key } }) =>
    (await store.readArtifact({ kind, key })) === undefined ? [] : [key],
  );
  return new Set((await Promise.all(found)).flat());
}

/**
 * Reads a definition file and plans it; writes nothing, but for a model of the hub, which is downloaded to be planned with.
 *
 * @throws BudgetlineError of any bad input
 */
export async function prepareSweep(file: string, flags: DefinitionFlags): Promise<PlannedSweep> {
  const { definition, tasks } = await loadDefinition(file, definitionOptions(flags));
  const store = createStore(homeOf(process.env, process.cwd()));
  return planDefinition(definition, { store, tasks, file });
}

/** Where a definition is planned for, and the tasks that its file brings along. */
interface Planning {
  readonly store: Store;
  readonly tasks: readonly Task[];
  readonly file: string;
}

/** Pins and plans a definition, and holds the plan against a store. */
export async function planDefinition(
  definition: SweepDefinition,
  { store, tasks: own, file }: Planning,
): Promise<PlannedSweep> {
  const { resolveDefinition } = await import('../../definitions/index.js');
  const { builtInTasks, deviceSlots } = await import('../../workers/index.js');
  // As with workers: one of the user's stands before one of ours of the same name.
  const tasks = [...own, ...builtInTasks];
  const resolved = await resolveDefinition(definition, {
    tasks,
    hub: { onProgress: createDownloadLines((line) => process.stderr.write(`${line}\n`)) },
  });
  const plan = planSweep(resolved);
  const cached = await findCached(store, plan);
  const slots = deviceSlots(definition.execution.threads);
  const summary = summarizePlan(plan, { definition, cached, slots });
  const warnings = [...summary.warnings, ...(await warnOfKeptVersions(store, plan))];
  return {
    resolved,
    plan,
    summary: { ...summary, warnings },
    cached,
    store,
    places: placeFacts(resolved, tasks),
    tasksFile: own.length === 0 ? null : resolve(file),
  };
}
