import type {
  ExperimentDefinition,
  Resolved,
  ResolvedExperiment,
  ResolvedSweep,
  SweepDefinition,
} from '../contracts/definition';
import { BudgetlineError } from '../contracts/failures';
import type { CellIdentity } from '../contracts/results';
import type { PlannedStage, StageKey } from '../contracts/stage';
import { optimiserSteps, splitBudget } from './counts';
import { digestOf } from './digest';
import { dependenciesOf, estimateSeconds, estimateStageSeconds } from './estimate';
import { annotationUsd, type Purchase, purchaseOf, uniquePurchase } from './money';
import {
  demonstrationsStage,
  evaluateStage,
  freezeReferenceStage,
  pairsStage,
  type StageContext,
  trainPreferenceStage,
  trainSftStage,
} from './stages';

/** The stages of one cell, in the order in which it runs them. */
export interface CellStages {
  /** null where the split buys no demonstrations. */
  readonly demonstrations: PlannedStage<'synthesizeData'> | null;
  readonly sft: PlannedStage<'trainSft'> | null;
  readonly reference: PlannedStage<'freezeReference'>;
  /** null where the split buys no pairs. */
  readonly pairs: PlannedStage<'synthesizeData'> | null;
  readonly preference: PlannedStage<'trainPreference'> | null;
  readonly evaluation: PlannedStage<'evaluate'>;
}

/** One cell: who it is, what it runs and what its rows cost when bought alone. */
export interface CellPlan extends CellStages {
  readonly cell: CellIdentity;
  /** The stages above that exist, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  readonly annotationUsd: number;
  /** Estimated seconds of its stages on one device slot, none of them cached. */
  readonly seconds: number;
}

/** One stage of a sweep, however many cells it serves. */
export interface UniqueStage {
  readonly stage: PlannedStage;
  readonly cells: number;
  readonly dependsOn: readonly StageKey[];
  readonly seconds: number;
}

/** What a sweep will run, before anything has run. */
export interface SweepPlan {
  readonly sweepId: string;
  readonly definitionDigest: string;
  /** Freezing and evaluating the untrained base. */
  readonly base: readonly PlannedStage[];
  /** Dearest first, so that the longest cell does not start last. */
  readonly cells: readonly CellPlan[];
  /** Every stage once, inputs before their readers. */
  readonly stages: readonly UniqueStage[];
  /** Rows bought, each once. */
  readonly purchase: Purchase;
  readonly annotationUsd: number;
  readonly warnings: readonly string[];
}

/** A definition's digest: outside inputs count by content, so that no path on this host enters. */
export function definitionDigest(resolved: Resolved<ExperimentDefinition | SweepDefinition>): string {
  const { definition, model, files } = resolved;
  const digests = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.digest]));
  const data =
    definition.data.source === 'files' ? { ...definition.data, ...digests } : { ...definition.data };
  return digestOf({ definition: { ...definition, model: model.digest, data }, files: digests });
}

/** Name and the first twelve digits of the definition's digest. */
export function sweepIdOf(resolved: Resolved<ExperimentDefinition | SweepDefinition>): string {
  return `${resolved.definition.name}-${definitionDigest(resolved).slice(0, 12)}`;
}

/** A cell's place in a sweep's grid. */
export interface GridPoint {
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** The experiment that one cell of a sweep is. */
export function experimentOf(resolved: ResolvedSweep, point: GridPoint): ResolvedExperiment {
  const { definition } = resolved;
  const { name, task, data, annotator, model, sft, preference, pairs, evaluation, prices, execution } =
    definition;
  const shared = {
    name,
    task,
    data,
    annotator,
    model,
    sft,
    preference,
    pairs,
    evaluation,
    prices,
    execution,
  };
  return { ...resolved, definition: { ...shared, ...point } };
}

/** A cell's id: the sweep's, or the experiment's own, and its place in the grid. */
export function cellIdOf(parentId: string, { budget, sftFraction, seed }: GridPoint): string {
  return `${parentId}-b${budget}-r${sftFraction}-s${seed}`;
}

function contextOf(resolved: ResolvedExperiment): StageContext {
  return { resolved, seed: resolved.definition.seed };
}

function cellStages(context: StageContext, rows: { sftRows: number; pairRows: number }): CellStages {
  const demonstrations = rows.sftRows === 0 ? null : demonstrationsStage(context, { rows: rows.sftRows });
  const sft = demonstrations && trainSftStage(context, { data: demonstrations });
  const reference = freezeReferenceStage(context, { adapter: sft });
  const pairs = rows.pairRows === 0 ? null : pairsStage(context, { reference, rows: rows.pairRows });
  const preference = pairs && trainPreferenceStage(context, { reference, data: pairs });
  const evaluation = evaluateStage(context, { reference, adapter: preference });
  return { demonstrations, sft, reference, pairs, preference, evaluation };
}

function assertFitsPool(definition: ExperimentDefinition, poolRows: number): void {
  const { budget, task } = definition;
  if (budget <= poolRows) return;
  throw new BudgetlineError(
    'BUDGET_EXCEEDS_POOL',
    `budget ${budget} is above the ${poolRows} problems in the pool of ${task}.`,
    {
      remedy: `Plan budgets up to ${poolRows}, or enlarge the pool (data.pool, or more rows in the train file).`,
    },
  );
}

/**
 * The stages of one cell, with every key known before anything runs.
 *
 * @param id the cell's id; from the experiment itself unless it belongs to a sweep
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL
 */
export function planCell(resolved: ResolvedExperiment, id?: string): CellPlan {
  const { definition } = resolved;
  assertFitsPool(definition, resolved.poolRows);
  const rows = splitBudget(definition.budget, definition.sftFraction);
  const parts = cellStages(contextOf(resolved), rows);
  const { demonstrations, sft, reference, pairs, preference, evaluation } = parts;
  const stages = [demonstrations, sft, reference, pairs, preference, evaluation].filter(
    (stage) => stage !== null,
  );
  return {
    ...parts,
    cell: identityOf(definition, rows, id ?? cellIdOf(sweepIdOf(resolved), definition)),
    stages,
    annotationUsd: annotationUsd(
      definition.prices,
      purchaseOf(rows.sftRows, rows.pairRows, definition.pairs),
    ),
    seconds: estimateSeconds(stages, 1),
  };
}

function identityOf(
  { task, model, annotator, budget, sftFraction, seed }: ExperimentDefinition,
  rows: { sftRows: number; pairRows: number },
  id: string,
): CellIdentity {
  return { id, task, model, annotator, budget, sftFraction, seed, ...rows };
}

/** Freezing and evaluating the untrained base: what every gain is measured against. */
export function planBase(resolved: Resolved<ExperimentDefinition | SweepDefinition>): {
  readonly reference: PlannedStage<'freezeReference'>;
  readonly evaluation: PlannedStage<'evaluate'>;
} {
  // Neither stage draws random numbers, so any seed axis gives the same keys.
  const context = { resolved, seed: 0 };
  const reference = freezeReferenceStage(context, { adapter: null });
  return { reference, evaluation: evaluateStage(context, { reference, adapter: null }) };
}

/** The control's own stages; what they read, the cell beside it has made. */
export interface ControlPlan {
  readonly sft: PlannedStage<'trainSft'>;
  readonly evaluation: PlannedStage<'evaluate'>;
}

/**
 * The control beside a mixture: plain SFT on the chosen answers of the cell's pairs, from the same frozen warm start.
 * null where the cell has no pairs.
 */
export function planControl(resolved: ResolvedExperiment): ControlPlan | null {
  const { reference, pairs } = planCell(resolved);
  if (pairs === null) return null;
  const context = contextOf(resolved);
  const sft = trainSftStage(context, { data: pairs, base: reference, column: 'chosen' });
  return { sft, evaluation: evaluateStage(context, { reference, adapter: sft }) };
}

/** All points of a sweep's grid, in the order of the definition. */
export function gridOf({ budgets, sftFractions, seeds }: SweepDefinition): GridPoint[] {
  return seeds.flatMap((seed) =>
    budgets.flatMap((budget) => sftFractions.map((sftFraction) => ({ budget, sftFraction, seed }))),
  );
}

function uniqueStages(base: readonly PlannedStage[], cells: readonly CellPlan[]): UniqueStage[] {
  const all = [...base, ...cells.flatMap(({ stages }) => stages)];
  const byKey = new Map(all.map((stage) => [stage.key, stage]));
  const uses = new Map<StageKey, number>();
  for (const { stages } of cells) for (const { key } of stages) uses.set(key, (uses.get(key) ?? 0) + 1);
  return [...byKey.values()].map((stage) => ({
    stage,
    cells: uses.get(stage.key) ?? 0,
    dependsOn: dependenciesOf(stage),
    seconds: estimateStageSeconds(stage, all),
  }));
}

const fewSteps = 10;

function stepWarnings(stages: readonly UniqueStage[]): string[] {
  const rowsOf = new Map(
    stages.flatMap(({ stage: { key, spec } }) => (spec.kind === 'synthesizeData' ? [[key, spec.rows]] : [])),
  );
  return stages.flatMap(({ stage, dependsOn }) => {
    const { spec, title } = stage;
    if (spec.kind !== 'trainSft' && spec.kind !== 'trainPreference') return [];
    const rows = dependsOn.map((key) => rowsOf.get(key)).find((count) => count !== undefined) ?? 0;
    const steps = optimiserSteps(rows, spec.training);
    return steps < fewSteps
      ? [`${title}: ${steps} optimiser steps, fewer than ${fewSteps}; expect little from it.`]
      : [];
  });
}

function assertWithinLimit(usd: number, limit: number | undefined): void {
  if (limit === undefined || usd <= limit) return;
  throw new BudgetlineError(
    'SPEND_LIMIT',
    `The plan would spend $${usd.toFixed(2)} on annotation; spendLimit is $${limit.toFixed(2)}.`,
    { details: { usd, limit } },
  );
}

/**
 * Turns a sweep into cells and cells into unique stages, purely: the same definition gives the same keys on every host.
 *
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL or SPEND_LIMIT
 */
export function planSweep(resolved: ResolvedSweep): SweepPlan {
  const { definition } = resolved;
  const sweepId = sweepIdOf(resolved);
  const { reference, evaluation } = planBase(resolved);
  const cells = gridOf(definition)
    .map((point) => planCell(experimentOf(resolved, point), cellIdOf(sweepId, point)))
    .sort((a, b) => b.seconds - a.seconds);
  const stages = uniqueStages([reference, evaluation], cells);
  const purchase = uniquePurchase(
    stages.map(({ stage }) => stage),
    definition.pairs,
  );
  const usd = annotationUsd(definition.prices, purchase);
  assertWithinLimit(usd, definition.spendLimit);
  return {
    sweepId,
    definitionDigest: definitionDigest(resolved),
    base: [reference, evaluation],
    cells,
    stages,
    purchase,
    annotationUsd: usd,
    warnings: stepWarnings(stages),
  };
}
