import type { Coordinates } from '../core/coordinates';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved, ResolvedExperiment } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import type { UserRowsUse } from '../schemas/user-rows';
import type { CellIdentity } from '../contracts/results';
import type { PlannedStage } from '../contracts/stage';
import { type BoughtRows, buyRows, unitCosts } from './budget';
import { type Split, splitBudget } from './counts';
import { estimateSeconds } from './estimate';
import { cellIdOf, sweepIdOf } from './identity';
import { annotationUsd, uniquePurchase } from './money';
import { allocationPipeline, basePipeline } from './pipeline';
import { traceUserPipeline } from './user-pipeline';
import { type StagePlanners, tracePipeline, type Trace } from '../stages/trace';

/** One planned cell. */
export interface CellPlan {
  readonly cell: CellIdentity;
  /** The cell as an experiment of its own. */
  readonly experiment: ResolvedExperiment;
  /** In the order they run, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  /** The last of them. */
  readonly evaluation: PlannedStage<'scores'>;
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

/** Plans a pipeline of an experiment. */
export const planPipeline = <T>(
  resolved: ResolvedExperiment,
  pipeline: (stages: StagePlanners) => T,
): Trace<T> => tracePipeline({ resolved, seed: resolved.definition.seed }, pipeline);

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

/** The stages of a cell, the evaluation last. */
function traceCell(resolved: ResolvedExperiment, rows: Split): Pick<CellPlan, 'stages' | 'evaluation'> {
  const pinned = resolved.members?.pipeline;
  const { stages, result: evaluation } =
    pinned === undefined
      ? planPipeline(resolved, (functions) => allocationPipeline(functions, rows))
      : traceUserPipeline(pinned, resolved, rows);
  return { stages: [...stages.filter(({ key }) => key !== evaluation.key), evaluation], evaluation };
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
  const { stages, evaluation } = traceCell(resolved, rows);
  return {
    experiment: resolved,
    cell: identityOf(resolved, rows, place),
    stages,
    evaluation,
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
  return {
    id,
    task,
    model,
    annotator,
    axes,
    budget,
    sftFraction,
    seed,
    sftRows,
    pairRows,
    budgetUnit: spend && 'usd',
    sftSpendFraction: spend?.sftSpendFraction,
    remainderUsd,
  };
}

/** The stages of the untrained base model's evaluation. */
export interface BasePlan {
  readonly stages: readonly PlannedStage[];
  /** The last of them. */
  readonly evaluation: PlannedStage<'scores'>;
}

export function planBase(resolved: Resolved<ExperimentDefinition | SweepDefinition>): BasePlan {
  // No stage of it uses random numbers, so any seed gives the same keys.
  const { stages, result } = tracePipeline({ resolved, seed: 0 }, basePipeline);
  return { stages, evaluation: result };
}
