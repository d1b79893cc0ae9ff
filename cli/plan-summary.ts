import type { ControlKind, SweepDefinition } from '../contracts/definition';
import { stageKinds, type StageKey, type StageKind } from '../contracts/stage';
import {
  annotationUsd,
  countControls,
  estimateSeconds,
  type Purchase,
  type SweepPlan,
  uniquePurchase,
  type UniqueStage,
} from '../planning';

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
  /** Device slots that the workers of this machine have. */
  readonly slots: number;
  /** Estimated seconds of the cells on these slots, without what is cached. */
  readonly seconds: number;
  /** Controls by kind, at most so many; those beside winners are known when cells have ended. */
  readonly controls: Readonly<Partial<Record<ControlKind, number>>>;
  /** Stages of the controls that will run in any case, less those of cells and those in the store. */
  readonly controlStages: number;
  readonly controlSeconds: number;
  readonly warnings: readonly string[];
}

const difference = (a: Purchase, b: Purchase): Purchase => ({
  demonstrations: a.demonstrations - b.demonstrations,
  pairs: a.pairs - b.pairs,
  checkerCalls: Math.max(0, a.checkerCalls - b.checkerCalls),
});

function countKinds(stages: readonly UniqueStage[], cached: ReadonlySet<StageKey>): PlanSummary['byKind'] {
  const counts = stageKinds.map((kind) => {
    const ofKind = stages.filter(({ stage }) => stage.kind === kind);
    const there = ofKind.filter(({ stage }) => cached.has(stage.key)).length;
    return [kind, { unique: ofKind.length, cached: there }] as const;
  });
  return Object.fromEntries(counts.filter(([, { unique }]) => unique > 0));
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
    slots,
    seconds: estimateSeconds(
      all.filter(({ key }) => !cached.has(key)),
      slots,
    ),
    ...summarizeControls(plan, { cached, slots }),
    warnings,
  };
}
