import type { ResolvedSweep } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import { nameUsd } from '../core/money';
import { describeUnused } from '../core/unused-columns';
import type { IdentifiedSource } from '../contracts/provenance';
import { fewSteps, type PlannedStage, type StageKey } from '../contracts/stage';
import { type CellPlan, planBase, planCell } from './cell';
import { planControls, type PlannedControls } from './controls';
import { dependenciesOf, estimateStageSeconds } from './estimate';
import { cellIdOf, definitionDigest, sweepIdOf } from './identity';
import { inOrder } from './in-order';
import { listPriceUsd, type Purchase, uniquePurchase, usdTolerance } from './money';
import type { PlannedPipeline } from './planned-pipeline';
import { experimentOf, gridOf, type ResolvedVariant, resolvedVariants } from './variants';

/** One stage of a sweep, shared by one or more cells. */
export interface UniqueStage {
  readonly stage: PlannedStage;
  /** Number of cells that use it. */
  readonly cells: number;
  readonly dependsOn: readonly StageKey[];
  readonly seconds: number;
}

/** The plan of a sweep. */
export interface SweepPlan {
  readonly sweepId: string;
  readonly definitionDigest: string;
  /** One per place on the sweep's axes; a single one without axes. */
  readonly variants: readonly VariantPlan[];
  /** Freezing and evaluating the untrained base models, each once. */
  readonly base: readonly PlannedStage[];
  /** Most expensive first, so that the longest cell does not start last. */
  readonly cells: readonly CellPlan[];
  /** Every stage of base and cells once, inputs before their readers. */
  readonly stages: readonly UniqueStage[];
  readonly controls: PlannedControls;
  /** Rows bought, each once. */
  readonly purchase: Purchase;
  readonly annotationUsd: number;
  readonly warnings: readonly string[];
}

function uniqueStages(base: readonly PlannedStage[], cells: readonly CellPlan[]): UniqueStage[] {
  const all = [...base, ...cells.flatMap(({ stages }) => stages)];
  const byKey = new Map(all.map((stage) => [stage.key, stage]));
  const uses = new Map<StageKey, number>();
  for (const { stages } of cells) for (const { key } of stages) uses.set(key, (uses.get(key) ?? 0) + 1);
  return [...byKey.values()].map((stage) => {
    const dependsOn = dependenciesOf(stage);
    return { stage, cells: uses.get(stage.key) ?? 0, dependsOn, seconds: estimateStageSeconds(stage) };
  });
}

function stepWarnings(stages: readonly UniqueStage[]): string[] {
  return stages.flatMap(({ stage: { title, optimiserSteps: steps } }) =>
    steps !== null && steps < fewSteps
      ? [`${title}: ${steps} optimiser steps, fewer than ${fewSteps}; expect little effect.`]
      : [],
  );
}

/** A model prefers its own answers as a judge (self-preference), so the win rate then measures similarity to it. */
function judgeWarnings(variants: readonly VariantPlan[]): string[] {
  const judges = variants.flatMap(({ resolved: { annotator, judge, auxiliaryJudges = {} } }) =>
    [judge, ...Object.values(auxiliaryJudges)].filter((each) => isOneModel(annotator, each)),
  );
  const names = new Set(judges.map((judge) => judge?.model ?? ''));
  return [...names].map(
    (model) =>
      `The judge is also the annotator (model ${model}): models prefer their own answers, so the win rate may only measure how similar the policy is to the annotator.`,
  );
}

function excludedWarnings(variants: readonly VariantPlan[]): string[] {
  return variants.flatMap(({ resolved: { excluded = {} } }) => {
    const reasons = Object.entries(excluded).map(([reason, count]) => `${reason}: ${count}`);
    const total = Object.values(excluded).reduce((sum, count) => sum + count, 0);
    return total === 0 ? [] : [`${total} rows of the task's files are excluded (${reasons.join('; ')}).`];
  });
}

function unusedColumnWarnings(variants: readonly VariantPlan[]): string[] {
  return variants.flatMap(({ resolved: { unusedColumns = {} } }) =>
    Object.entries(unusedColumns).flatMap(([use, unused]) =>
      describeUnused(unused).map((text) => `annotations.${use}: ${text}.`),
    ),
  );
}

function heldOutWarnings(variants: readonly VariantPlan[]): string[] {
  return variants.flatMap(({ resolved: { heldOut = [], poolRows } }) =>
    heldOut.map(
      (name) =>
        `Training rows that overlap test items of the auxiliary task ${name} are removed; ${poolRows} problems remain in the pool.`,
    ),
  );
}

/** Whether annotator and judge are the same model, or the same people or program. */
export function isOneModel(
  annotator: IdentifiedSource | undefined,
  judge: IdentifiedSource | undefined,
): boolean {
  if (annotator === undefined || judge === undefined) return false;
  return annotator.model === undefined ? annotator.digest === judge.digest : annotator.model === judge.model;
}

function assertWithinLimit(usd: number, limit: number | undefined): void {
  if (limit === undefined || usd <= limit + usdTolerance) return;
  throw new BudgetlineError(
    'SPEND_LIMIT',
    `The plan would spend ${nameUsd(usd)} on annotation; spendLimitUsd is ${nameUsd(limit)}.`,
    { details: { usd, limit } },
  );
}

/** A variant of the sweep with the plan of its untrained base model. */
export interface VariantPlan extends ResolvedVariant {
  readonly base: PlannedPipeline;
}

function planVariantCells(sweepId: string, { coordinates, resolved }: VariantPlan): Promise<CellPlan[]> {
  const axes = Object.keys(coordinates).length === 0 ? undefined : coordinates;
  return inOrder(gridOf(resolved.definition), (point) =>
    planCell(experimentOf(resolved, point), { id: cellIdOf(sweepId, point, coordinates), axes }),
  );
}

/** Base stages of all variants, each key once. */
function distinctBases(variants: readonly VariantPlan[]): PlannedStage[] {
  const stages = variants.flatMap(({ base }) => base.stages);
  return [...new Map(stages.map((stage) => [stage.key, stage])).values()];
}

/**
 * Plans a sweep: its cells and their unique stages. The same definition gives the same keys on every host.
 *
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL or SPEND_LIMIT
 */
export async function planGrid(sweep: ResolvedSweep): Promise<SweepPlan> {
  const { definition } = sweep;
  const digest = definitionDigest(sweep);
  const sweepId = sweepIdOf(sweep, digest);
  const variants = await inOrder(resolvedVariants(sweep), async (variant) => ({
    ...variant,
    base: await planBase(variant.resolved),
  }));
  const planned = await inOrder(variants, (variant) => planVariantCells(sweepId, variant));
  const cells = planned.flat().sort((a, b) => b.seconds - a.seconds);
  const base = distinctBases(variants);
  const stages = uniqueStages(base, cells);
  const all = stages.map(({ stage }) => stage);
  const usd = listPriceUsd(all);
  const controls = await planControls(cells, definition);
  // A search runs only a part of the grid; its limit is enforced while it runs.
  if (definition.search.method === 'grid') assertWithinLimit(usd, definition.spendLimitUsd);
  return {
    sweepId,
    definitionDigest: digest,
    variants,
    base,
    cells,
    stages,
    controls,
    purchase: uniquePurchase(all),
    annotationUsd: usd,
    warnings: [
      ...new Set([
        ...controls.unavailable,
        ...stepWarnings(stages),
        ...judgeWarnings(variants),
        ...excludedWarnings(variants),
        ...unusedColumnWarnings(variants),
        ...heldOutWarnings(variants),
      ]),
    ],
  };
}
