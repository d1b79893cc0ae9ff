import { canonicalJson } from '../../core/canonical-json';
import { ownField } from '../../core/names';
import { comparedItems } from '../../contracts/evaluation-split';
import type { ControlKind } from '../../schemas/controls';
import type { SweepDefinition } from '../../schemas/definition';
import type { CellIdentity, OtherPricing } from '../../contracts/results';
import { type PlannedStage, type StageKey } from '../../contracts/stage';
import {
  countControls,
  detectableDifference,
  estimateSeconds,
  estimateStageSeconds,
  estimateTests,
  listPriceUsd,
  type Purchase,
  type SweepPlan,
  uniquePurchase,
  type UniqueStage,
  variantsOf,
} from '../../planning';
import type { UserFile } from '../../definitions';
import { orderKinds } from '../../stages';
import { type AxisValues, atAxisValues } from './axis-values';
import { otherPricings, pricingsIn, type RowPricing } from './row-pricing';
import { type PlanResources, type ResourceOptions, summarizeResources } from './resources';
import { type ExpectedYield, expectStage, type Yields } from './yields';

/** Counts, cost and estimated time of a plan. */
export interface PlanSummary {
  readonly sweepId: string;
  readonly cells: number;
  /** Stages of all cells and of the base model, counted once per use. */
  readonly stageUses: number;
  readonly uniqueStages: number;
  /** Unique stages that more than one cell uses. */
  readonly sharedStages: number;
  readonly cachedStages: number;
  readonly byKind: Readonly<Record<string, { readonly unique: number; readonly cached: number }>>;
  /** Rows that the sweep buys; shared rows count once. */
  readonly purchase: Purchase;
  /** Price of `purchase`. */
  readonly annotationUsd: number;
  /** The price of a demonstration and of a pair by parts, for each place on the axes where it differs. */
  readonly prices: readonly RowPricing[];
  /** Rows of pipelines that cost neither. */
  readonly otherPrices: readonly OtherPricing[];
  /** The part of `purchase` that is not in the store yet. */
  readonly toBuy: Purchase;
  /** Price of `toBuy`. */
  readonly toBuyUsd: number;
  /** Rows a sampled prompt, learned from the store or assumed; one for each task, model and settings of pairs. */
  readonly yields: readonly ExpectedYield[];
  /** Verifier calls of `purchase` and its price, if all yields are the highest or the lowest ones. */
  readonly yieldRange: YieldRange;
  /** Verdicts by judge, two for each answer: all, and those that are not in the store yet. */
  readonly verdicts: Readonly<Record<string, { readonly all: number; readonly toRun: number }>>;
  /** Device slots of the workers on this machine. */
  readonly slots: number;
  /** Estimated seconds of the cells on these slots, without cached stages. */
  readonly seconds: number;
  /** Maximum number of controls by kind. Controls of winning mixtures are known only when the cells have finished. */
  readonly controls: Readonly<Partial<Record<ControlKind, number>>>;
  /** Stages of the controls that are certain to run, without stages of cells and cached stages. */
  readonly controlStages: number;
  /** Estimated seconds of `controlStages`. */
  readonly controlSeconds: number;
  /** Expected evaluations on test items: base model and best splits; 0 where cells are compared on test items. */
  readonly testEvaluations: number;
  /** Estimated seconds of `testEvaluations`. */
  readonly testSeconds: number;
  /** Tokens that the stages of the cells and of the base model train on or generate, estimated from the pinned lengths. */
  readonly tokens: number;
  /** The part of `tokens` that is not in the store yet. */
  readonly tokensToRun: number;
  /** Hours on a device for `tokens`, at the pinned rates. */
  readonly deviceHours: number;
  /** Hours on a device for `tokensToRun`. */
  readonly deviceHoursToRun: number;
  /** Estimated disk and memory. */
  readonly resources: PlanResources;
  /** Cells whose pipelines wait for results; the numbers are without what these decide. */
  readonly continuing: Continuing;
  /** Smallest difference between two splits of a budget that the sweep detects with 80% power, in units of the score. */
  readonly detectable: number;
  /** Items that cells are compared on; the fewest over all combinations of axis values. */
  readonly items: number;
  /** Rows that each budget buys at each fraction; empty if budgets count rows. */
  readonly purchases: readonly MoneyPurchase[];
  /** Files of user rows. */
  readonly userFiles?: readonly UserFile[];
  readonly warnings: readonly string[];
}

/** Estimates at the highest and the lowest yields. */
export interface YieldRange {
  readonly verifierCalls: { readonly low: number; readonly high: number };
  readonly labels: { readonly low: number; readonly high: number };
  readonly annotationUsd: { readonly low: number; readonly high: number };
}

/** Cells whose pipelines wait for results. */
export interface Continuing {
  readonly cells: number;
  /** Titles of the stages whose results they wait for, each once. */
  readonly after: readonly string[];
  /**
   * The most that the cells' budgets allow for rows, `annotationUsd` included. No bound of annotation where samples,
   * verifier calls or labels have a price.
   */
  readonly annotationAtMostUsd: number;
}

/** Rows that one budget in US dollars buys at one fraction, and the money left; each place on the axes where it differs. */
export interface MoneyPurchase extends Required<
  Pick<CellIdentity, 'budget' | 'sftRows' | 'pairRows' | 'sftSpendFraction' | 'remainderUsd'>
> {
  readonly at: AxisValues;
}

const difference = (a: Purchase, b: Purchase): Purchase => ({
  demonstrations: a.demonstrations - b.demonstrations,
  pairs: a.pairs - b.pairs,
  verifierCalls: Math.max(0, a.verifierCalls - b.verifierCalls),
  unscored: Math.max(0, a.unscored - b.unscored),
  labels: Math.max(0, a.labels - b.labels),
});

function countKinds(stages: readonly UniqueStage[], cached: ReadonlySet<StageKey>): PlanSummary['byKind'] {
  const counts = orderKinds(stages.map(({ stage }) => stage.kind)).map((kind) => {
    const ofKind = stages.filter(({ stage }) => stage.kind === kind);
    const there = ofKind.filter(({ stage }) => cached.has(stage.key)).length;
    return [kind, { unique: ofKind.length, cached: there }] as const;
  });
  return Object.fromEntries(counts);
}

function summarizeWork(
  stages: readonly UniqueStage[],
  cached: ReadonlySet<StageKey>,
): Pick<PlanSummary, 'tokens' | 'tokensToRun' | 'deviceHours' | 'deviceHoursToRun'> {
  const left = stages.filter(({ stage }) => !cached.has(stage.key));
  const tokens = (of: readonly UniqueStage[]): number =>
    Math.round(of.reduce((sum, { stage }) => sum + stage.work.tokens, 0));
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
  const bought = cells.flatMap(({ cell }) => {
    const { budget, sftRows, pairRows, sftSpendFraction, remainderUsd, axes: place } = cell;
    if (sftSpendFraction === undefined || remainderUsd === undefined) return [];
    const value = { budget, sftRows, pairRows, sftSpendFraction, remainderUsd };
    return [{ key: canonicalJson(value), value, place }];
  });
  return atAxisValues(bought).sort((a, b) => a.budget - b.budget || b.sftSpendFraction - a.sftSpendFraction);
}

function summarizeContinuing({ cells }: SweepPlan, knownUsd: number): Continuing {
  const waiting = cells.filter(({ continuesAfter }) => continuesAfter.length > 0);
  const titles = waiting.flatMap(({ continuesAfter }) => continuesAfter.map(({ title }) => title));
  const annotationAtMostUsd = waiting.reduce((sum, { boundUsd = 0 }) => sum + boundUsd, knownUsd);
  return { cells: waiting.length, after: [...new Set(titles)], annotationAtMostUsd };
}

/** A judge sees every answer in both orders. */
function countVerdicts(
  stages: readonly PlannedStage[],
  cached: ReadonlySet<StageKey>,
): PlanSummary['verdicts'] {
  const counts: Record<string, { all: number; toRun: number }> = {};
  for (const { key, judged } of stages)
    for (const { judge, items } of judged) {
      const { all, toRun } = ownField(counts, judge) ?? { all: 0, toRun: 0 };
      counts[judge] = { all: all + 2 * items, toRun: toRun + (cached.has(key) ? 0 : 2 * items) };
    }
  return counts;
}

function summarizeControls(
  { controls, stages }: SweepPlan,
  { cached, slots }: ResourceOptions,
): Pick<PlanSummary, 'controls' | 'controlStages' | 'controlSeconds'> {
  const known = new Set([...stages.map(({ stage }) => stage.key), ...cached]);
  const all = controls.certain.flatMap((control) => control.stages);
  const further = [...new Map(all.map((stage) => [stage.key, stage])).values()].filter(
    ({ key }) => !known.has(key),
  );
  return {
    controls: Object.fromEntries(countControls(controls)),
    controlStages: further.length,
    controlSeconds: estimateSeconds(further, slots),
  };
}

function summarizeRange(stages: readonly PlannedStage[], yields: Yields | undefined): YieldRange {
  const at = (which: 'low' | 'high'): PlannedStage[] =>
    stages.map((stage) => expectStage(stage, yields, which));
  const [fewest, most] = [at('high'), at('low')];
  const [few, many] = [uniquePurchase(fewest), uniquePurchase(most)];
  return {
    verifierCalls: { low: few.verifierCalls, high: many.verifierCalls },
    labels: { low: few.labels, high: many.labels },
    annotationUsd: { low: listPriceUsd(fewest), high: listPriceUsd(most) },
  };
}

export interface SummarizePlanOptions extends ResourceOptions {
  readonly definition: SweepDefinition;
  /** Left out: every yield is the assumption. */
  readonly yields?: Yields;
  /** Rows and labels that earlier runs bought, as stages without samples. Default: none. */
  readonly bought?: readonly PlannedStage[];
}

/** Counts the stages, rows and tokens of a plan, and those that are in the store. */
export function summarizePlan(
  plan: SweepPlan,
  { definition, cached, bought = [], slots, yields }: SummarizePlanOptions,
): PlanSummary {
  const { sweepId, cells, warnings } = plan;
  const stages = plan.stages.map((unique) => {
    const stage = expectStage(unique.stage, yields);
    return { ...unique, stage, seconds: estimateStageSeconds(stage) };
  });
  const all = stages.map(({ stage }) => stage);
  const purchase = uniquePurchase(all);
  const inStore = all.filter(({ key }) => cached.has(key));
  const prices = pricingsIn(definition, plan);
  const known = [...bought, ...inStore];
  const toBuy = difference(uniquePurchase([...known, ...all]), uniquePurchase(known));
  const items = Math.min(...variantsOf(definition).map((place) => comparedItems(place.definition)));
  const tests = estimateTests(plan);
  return {
    sweepId,
    cells: cells.length,
    stageUses: plan.base.length + cells.reduce((sum, cell) => sum + cell.stages.length, 0),
    uniqueStages: stages.length,
    sharedStages: stages.filter((stage) => stage.cells > 1).length,
    cachedStages: inStore.length,
    byKind: countKinds(stages, cached),
    purchase,
    annotationUsd: listPriceUsd(all),
    prices,
    otherPrices: otherPricings(
      plan.stages.map(({ stage }) => stage),
      prices,
    ),
    toBuy,
    toBuyUsd: listPriceUsd([...known, ...all]) - listPriceUsd(known),
    yields: yields?.all ?? [],
    yieldRange: summarizeRange(
      plan.stages.map(({ stage }) => stage),
      yields,
    ),
    verdicts: countVerdicts(all, cached),
    slots,
    seconds: estimateSeconds(
      all.filter(({ key }) => !cached.has(key)),
      slots,
    ),
    ...summarizeControls(plan, { cached, slots }),
    testEvaluations: tests.evaluations,
    testSeconds: tests.seconds / slots,
    ...summarizeWork(stages, cached),
    resources: summarizeResources(all, { cached, slots }),
    continuing: summarizeContinuing(plan, listPriceUsd(all)),
    items,
    detectable: detectableDifference({ items, seeds: definition.seeds.length }),
    purchases: purchasesOf(plan),
    warnings,
  };
}
