import type { ResolvedSweep } from '../contracts/definition';
import type { StageKey } from '../contracts/stage';
import { planSweep, type SweepPlan } from '../planning';
import { createStore, type Store } from '../store';
import { createDownloadLines } from './download-lines';
import { homeOf } from './home';
import { definitionOptions, loadDefinition } from './load-definition';
import { summarizePlan, type PlanSummary } from './plan-summary';

/** Options of `run` and `plan` that concern the definition. */
export interface DefinitionFlags {
  readonly annotator?: string;
  readonly budgets?: number[];
  readonly fractions?: number[];
  readonly seeds?: number[];
  readonly items?: number;
  readonly data?: string;
}

/** A sweep that is ready to run: read, checked, pinned, planned, held against the store. */
export interface PlannedSweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly summary: PlanSummary;
  readonly cached: ReadonlySet<StageKey>;
  readonly store: Store;
  readonly annotatorDescription: string;
  readonly annotatorDescriptions: Readonly<Record<string, string>>;
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
  const definition = await loadDefinition(file, definitionOptions(flags));
  const { resolveDefinition } = await import('../client/index.js');
  const { builtInTasks, deviceSlots } = await import('../workers/index.js');
  const resolved = await resolveDefinition(definition, {
    tasks: builtInTasks,
    hub: { onProgress: createDownloadLines((line) => process.stderr.write(`${line}\n`)) },
  });
  const plan = planSweep(resolved);
  const store = createStore(homeOf(process.env, process.cwd()));
  const cached = await findCached(store, plan);
  const annotators = builtInTasks.flatMap((task) => task.annotators);
  const annotatorDescriptions = Object.fromEntries(
    annotators.map(({ name, description }) => [name, description]),
  );
  return {
    resolved,
    plan,
    summary: summarizePlan(plan, {
      definition,
      cached,
      slots: deviceSlots(definition.execution.threads),
    }),
    cached,
    store,
    annotatorDescription: annotatorDescriptions[definition.annotator] ?? '',
    annotatorDescriptions,
  };
}
