import type { Coordinates } from '../contracts/coordinates';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved, ResolvedExperiment } from '../contracts/resolved';
import { BudgetlineError } from '../contracts/failures';
import type { UserRowsUse } from '../schemas/user-rows';
import type { CellIdentity } from '../contracts/results';
import type { PlannedStage } from '../contracts/stage';
import { type BoughtRows, buyRows, unitCosts } from './budget';
import { type Split, splitBudget } from './counts';
import { estimateSeconds } from './estimate';
import { cellIdOf, sweepIdOf } from './identity';
import { annotationUsd, uniquePurchase } from './money';
import {
  demonstrationsStage,
  evaluateStage,
  freezeReferenceStage,
  pairsStage,
  type StageContext,
  trainPreferenceStage,
  trainSftStage,
} from './stages';

/** The stages of one cell, in the order they run. */
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

/** One planned cell. */
export interface CellPlan extends CellStages {
  readonly cell: CellIdentity;
  /** The cell as an experiment of its own. */
  readonly experiment: ResolvedExperiment;
  /** The stages above without nulls, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  /** US dollars for its rows, as if bought for this cell alone. */
  readonly annotationUsd: number;
  /** Estimated seconds of its stages on one device slot, none cached. */
  readonly seconds: number;
}

/** A cell's place in a sweep. */
export interface CellPlace {
  readonly id?: string;
  readonly axes?: Coordinates;
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

/** The rows that the cell's budget buys. */
function purchase(resolved: ResolvedExperiment): BoughtRows {
  const { budget, sftFraction, spend } = resolved.definition;
  return spend === undefined ? splitBudget(budget, sftFraction) : buyRows(spend, unitCosts(resolved));
}

function tooFewRows(message: string, remedy: string): BudgetlineError {
  return new BudgetlineError('BUDGET_EXCEEDS_POOL', message, { remedy });
}

/** Explains a count that is below the number of lines of a file. */
function describeHeldOut({ heldOut = [] }: ResolvedExperiment): string {
  const names = heldOut.map((name) => `"${name}"`).join(', ');
  return names === '' ? '' : `, without those that overlap test items of ${names} (evaluation.auxiliary)`;
}

/** @param what the requested rows, for the message */
export function assertFitsPool(resolved: ResolvedExperiment, what: string, rows: number): void {
  const { definition, poolRows } = resolved;
  if (rows <= poolRows) return;
  throw tooFewRows(
    `${what} is above the ${poolRows} problems in the pool of ${definition.task}${describeHeldOut(resolved)}.`,
    `Plan up to ${poolRows} rows, or enlarge the pool (data.pool, or more rows in the train file).`,
  );
}

function assertFitsFile(
  resolved: ResolvedExperiment,
  what: string,
  { use, rows }: { readonly use: UserRowsUse; readonly rows: number },
): void {
  const { definition, userRows } = resolved;
  const available = userRows?.[use] ?? 0;
  if (rows <= available) return;
  const { annotations } = definition;
  throw tooFewRows(
    `${what} takes ${rows} ${use}; ${annotations?.[use]?.file ?? ''} has ${available} usable rows${describeHeldOut(resolved)}.`,
    `Plan fewer rows, or give annotations.${use} a larger file.`,
  );
}

/** Each kind of rows comes from the user's file if there is one, else from the pool. */
function assertRowsAreThere(resolved: ResolvedExperiment, { sftRows, pairRows }: Split): void {
  const { annotations, budget, sftFraction } = resolved.definition;
  const cell = `budget ${budget} at fraction ${sftFraction}`;
  const { demonstrations, preferences } = annotations ?? {};
  if (demonstrations !== undefined) assertFitsFile(resolved, cell, { use: 'demonstrations', rows: sftRows });
  if (preferences !== undefined) assertFitsFile(resolved, cell, { use: 'preferences', rows: pairRows });
  const fromPool = (demonstrations === undefined ? sftRows : 0) + (preferences === undefined ? pairRows : 0);
  assertFitsPool(resolved, `budget ${fromPool}`, fromPool);
}

/** Few-shot demonstrations come from the same source as training demonstrations. */
export function assertExamplesAreThere(resolved: ResolvedExperiment, rows: number): void {
  const what = `numFewShot ${rows}`;
  if (resolved.definition.annotations?.demonstrations === undefined) assertFitsPool(resolved, what, rows);
  else assertFitsFile(resolved, what, { use: 'demonstrations', rows });
}

/**
 * Plans the stages of one cell, with all keys.
 *
 * @param place the cell's place in a sweep, if it belongs to one
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL
 */
export function planCell(resolved: ResolvedExperiment, place: CellPlace = {}): CellPlan {
  const { definition } = resolved;
  const rows = purchase(resolved);
  assertRowsAreThere(resolved, rows);
  const parts = cellStages(contextOf(resolved), rows);
  const { demonstrations, sft, reference, pairs, preference, evaluation } = parts;
  const stages = [demonstrations, sft, reference, pairs, preference, evaluation].filter(
    (stage) => stage !== null,
  );
  return {
    ...parts,
    experiment: resolved,
    cell: identityOf(resolved, rows, place),
    stages,
    annotationUsd: annotationUsd(definition.prices, uniquePurchase(stages)),
    seconds: estimateSeconds(stages, 1),
  };
}

function identityOf(
  resolved: ResolvedExperiment,
  { sftRows, pairRows, remainderUsd }: BoughtRows,
  { id = cellIdOf(sweepIdOf(resolved), resolved.definition), axes }: CellPlace,
): CellIdentity {
  const { task, model, annotator, budget, sftFraction, seed, spend } = resolved.definition;
  const place = axes === undefined ? {} : { axes };
  const money =
    spend === undefined || remainderUsd === undefined
      ? {}
      : { budgetUnit: 'usd' as const, sftSpendFraction: spend.sftSpendFraction, remainderUsd };
  return { id, task, model, annotator, ...place, budget, sftFraction, seed, sftRows, pairRows, ...money };
}

/** Freezing and evaluating the untrained base model, which gains are measured against. */
export interface BasePlan {
  readonly reference: PlannedStage<'freezeReference'>;
  readonly evaluation: PlannedStage<'evaluate'>;
}

export function planBase(resolved: Resolved<ExperimentDefinition | SweepDefinition>): BasePlan {
  // Neither stage uses random numbers, so any seed gives the same keys.
  const context = { resolved, seed: 0 };
  const reference = freezeReferenceStage(context, { adapter: null });
  return { reference, evaluation: evaluateStage(context, { reference, adapter: null }) };
}
