import { ownField } from '../../contracts/names';
import type { ControlKind, SweepDefinition } from '../../schemas/definition';
import type { CellIdentity } from '../../contracts/results';
import { type PlannedStage, stageKinds, type StageKey, type StageKind } from '../../contracts/stage';
import {
  annotationUsd,
  countControls,
  detectableDifference,
  estimateSeconds,
  estimateStageTokens,
  type Purchase,
  questionSets,
  type SweepPlan,
  uniquePurchase,
  type UniqueStage,
  variantsOf,
} from '../../planning';

/** What a plan comes to, before anything runs. */
export interface PlanSummary {
  readonly sweepId: string;
  readonly cells: number;
  /** Stages of all cells and of the base, each counted as often as it is used. */
  readonly stageUses: number;
  readonly uniqueStages: number;
  /** Unique stages that more than one cell uses. */
  readonly sharedStages: number;
  readonly cachedStages: number;
  readonly byKind: Readonly<Partial<Record<StageKind, { readonly unique: number; readonly cached: number }>>>;
  /** Rows that the sweep buys, each once. */
  readonly purchase: Purchase;
  readonly annotationUsd: number;
  /** Of these, what is not in the store yet. */
  readonly toBuy: Purchase;
  readonly toBuyUsd: number;
  /** Verdicts that judges by name are to give, two an answer; of these, on what is not in the store yet. */
  readonly verdicts: Readonly<Record<string, { readonly all: number; readonly toGive: number }>>;
  /** Device slots that the workers of this machine have. */
  readonly slots: number;
  /** Estimated seconds of the cells on these slots, without what is cached. */
  readonly seconds: number;
  /** Largest number of controls by kind; controls of winners are known when the cells have ended. */
  readonly controls: Readonly<Partial<Record<ControlKind, number>>>;
  /** Stages of the controls that will run in any case, less those of cells and those in the store. */
  readonly controlStages: number;
  readonly controlSeconds: number;
  /** Tokens that stages of base and cells train on or generate, by the pinned lengths; and of those what is to run yet. */
  readonly tokens: number;
  readonly tokensToRun: number;
  /** Hours of a device at the pinned rates, likewise. */
  readonly deviceHours: number;
  readonly deviceHoursToRun: number;
  /** Smallest difference between two splits of a budget that the sweep would find, in the score's units. */
  readonly detectable: number;
  /** Test items with which; the fewest of all places on the axes. */
  readonly items: number;
  /** What each amount of money buys, by share; empty where budgets are rows. */
  readonly purchases: readonly MoneyPurchase[];
  readonly warnings: readonly string[];
}

/** Rows of one money budget at one share, and what is left of it. */
export type MoneyPurchase = Required<
  Pick<CellIdentity, 'budget' | 'sftRows' | 'pairRows' | 'sftSpendFraction' | 'remainderUsd'>
>;

const difference = (a: Purchase, b: Purchase): Purchase => ({
  demonstrations: a.demonstrations - b.demonstrations,
  pairs: a.pairs - b.pairs,
  verifierCalls: Math.max(0, a.verifierCalls - b.verifierCalls),
});

function countKinds(stages: readonly UniqueStage[], cached: ReadonlySet<StageKey>): PlanSummary['byKind'] {
  const counts = stageKinds.map((kind) => {
    const ofKind = stages.filter(({ stage }) => stage.kind === kind);
    const there = ofKind.filter(({ stage }) => cached.has(stage.key)).length;
    return [kind, { unique: ofKind.length, cached: there }] as const;
  });
  return Object.fromEntries(counts.filter(([, { unique }]) => unique > 0));
}

function summarizeWork(
  stages: readonly UniqueStage[],
  cached: ReadonlySet<StageKey>,
): Pick<PlanSummary, 'tokens' | 'tokensToRun' | 'deviceHours' | 'deviceHoursToRun'> {
  const all = stages.map(({ stage }) => stage);
  const left = stages.filter(({ stage }) => !cached.has(stage.key));
  const tokens = (of: readonly UniqueStage[]): number =>
    Math.round(of.reduce((sum, { stage }) => sum + estimateStageTokens(stage, all), 0));
  const hours = (of: readonly UniqueStage[]): number =>
    of.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  return {
    tokens: tokens(stages),
    tokensToRun: tokens(left),
    deviceHours: hours(stages),
    deviceHoursToRun: hours(left),
  };
}

function purchasesOf({ cells }: SweepPlan): MoneyPurchase[] {
  const bought = cells.flatMap(({ cell }): MoneyPurchase[] => {
    const { budget, sftRows, pairRows, sftSpendFraction, remainderUsd } = cell;
    if (sftSpendFraction === undefined || remainderUsd === undefined) return [];
    return [{ budget, sftRows, pairRows, sftSpendFraction, remainderUsd }];
  });
  const distinct = new Map(
    bought.map((one) => [`${one.budget} ${one.sftSpendFraction} ${one.sftRows} ${one.pairRows}`, one]),
  );
  return [...distinct.values()].sort(
    (a, b) => a.budget - b.budget || b.sftSpendFraction - a.sftSpendFraction,
  );
}

/** Every answer is put to its judge in both orders. */
function countVerdicts(
  stages: readonly PlannedStage[],
  cached: ReadonlySet<StageKey>,
): PlanSummary['verdicts'] {
  const counts: Record<string, { all: number; toGive: number }> = {};
  for (const { key, spec } of stages)
    for (const { judge, items } of spec.kind === 'evaluate' ? questionSets(spec) : []) {
      if (judge === undefined) continue;
      const { all, toGive } = ownField(counts, judge) ?? { all: 0, toGive: 0 };
      counts[judge] = { all: all + 2 * items, toGive: toGive + (cached.has(key) ? 0 : 2 * items) };
    }
  return counts;
}

function summarizeControls(
  { controls, stages }: SweepPlan,
  { cached, slots }: Pick<SummarizePlanOptions, 'cached' | 'slots'>,
): Pick<PlanSummary, 'controls' | 'controlStages' | 'controlSeconds'> {
  const known = new Set([...stages.map(({ stage }) => stage.key), ...cached]);
  const all = controls.certain.flatMap((control) => control.stages);
  const further = [...new Map(all.map((stage) => [stage.key, stage])).values()].filter(
    ({ key }) => !known.has(key),
  );
  return {
    controls: Object.fromEntries(countControls(controls)),
    controlStages: further.length,
    controlSeconds: estimateSeconds(further, slots, all),
  };
}

export interface SummarizePlanOptions {
  readonly definition: SweepDefinition;
  /** Stages whose artifacts the store has. */
  readonly cached: ReadonlySet<StageKey>;
  readonly slots: number;
}

/** Counts a plan against what the store has. */
export function summarizePlan(
  plan: SweepPlan,
  { definition, cached, slots }: SummarizePlanOptions,
): PlanSummary {
  const { sweepId, cells, stages, purchase, warnings } = plan;
  const all = stages.map(({ stage }) => stage);
  const inStore = all.filter(({ key }) => cached.has(key));
  const toBuy = difference(purchase, uniquePurchase(inStore));
  const items = Math.min(...variantsOf(definition).map((place) => place.definition.evaluation.items));
  return {
    sweepId,
    cells: cells.length,
    stageUses: plan.base.length + cells.reduce((sum, cell) => sum + cell.stages.length, 0),
    uniqueStages: stages.length,
    sharedStages: stages.filter((stage) => stage.cells > 1).length,
    cachedStages: inStore.length,
    byKind: countKinds(stages, cached),
    purchase,
    annotationUsd: plan.annotationUsd,
    toBuy,
    toBuyUsd: annotationUsd(definition.prices, toBuy),
    verdicts: countVerdicts(all, cached),
    slots,
    seconds: estimateSeconds(
      all.filter(({ key }) => !cached.has(key)),
      slots,
      all,
    ),
    ...summarizeControls(plan, { cached, slots }),
    ...summarizeWork(stages, cached),
    items,
    detectable: detectableDifference({ items, seeds: definition.seeds.length }),
    purchases: purchasesOf(plan),
    warnings,
  };
}
