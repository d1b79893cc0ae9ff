import type { Coordinates } from '../core/coordinates';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved, ResolvedExperiment } from '../contracts/resolved';
import { nameBudget } from '../contracts/budget-name';
import { countOf } from '../contracts/text';
import { BudgetlineError } from '../core/failures';
import type { UserRowsUse } from '../schemas/user-rows';
import type { CellIdentity } from '../contracts/results';
import type { PlannedRows, PlannedStage } from '../contracts/stage';
import { type BoughtRows, buyRows, unitCosts } from './budget';
import { splitBudget } from './counts';
import { estimateSeconds } from './estimate';
import { cellIdOf, sweepIdOf } from './identity';
import { listPriceUsd } from './money';
import { basePipeline } from './pipeline';
import { budgetOf } from './row-budget';
import { cellPipeline, type PlannedPipeline, planPipeline } from './planned-pipeline';

/** One planned cell. */
export interface CellPlan extends PlannedPipeline {
  readonly cell: CellIdentity;
  /** The cell as an experiment of its own. */
  readonly experiment: ResolvedExperiment;
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

type AnyResolved = Resolved<ExperimentDefinition | SweepDefinition>;

/** The rows that the cell's budget buys. */
function purchase(resolved: ResolvedExperiment): BoughtRows {
  const { budget, sftFraction, spend } = resolved.definition;
  return spend === undefined ? splitBudget(budget, sftFraction) : buyRows(spend, unitCosts(resolved));
}

function tooFewRows(message: string, remedy: string): BudgetlineError {
  return new BudgetlineError('BUDGET_EXCEEDS_POOL', message, { remedy });
}

/** Explains a count that is below the number of lines of a file. */
function describeHeldOut({ heldOut = [] }: AnyResolved): string {
  const names = heldOut.map((name) => `"${name}"`).join(', ');
  return names === '' ? '' : `, without those that overlap test items of ${names} (evaluation.auxiliary)`;
}

/** @param what the requested rows, for the message */
export function assertFitsPool(resolved: AnyResolved, what: string, rows: number): void {
  const { definition, poolRows } = resolved;
  if (rows <= poolRows) return;
  throw tooFewRows(
    `${what} is above the ${poolRows} problems in the pool of ${definition.task}${describeHeldOut(resolved)}.`,
    `Plan up to ${poolRows} rows, or enlarge the pool (data.pool, or more rows in the train file).`,
  );
}

function assertFitsFile(
  resolved: AnyResolved,
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

/** How far stages reach into the orders of rows. */
interface Reach {
  readonly demonstrations: number;
  /** From the back of the pool. */
  readonly samples: number;
  /** Preferences of a file. */
  readonly preferences: number;
}

function reachOf(stages: readonly PlannedStage[]): Reach {
  const ends = stages.flatMap(({ rows }) => (rows?.upTo === undefined ? [] : [{ ...rows, end: rows.upTo }]));
  const furthest = (is: (rows: PlannedRows) => boolean): number =>
    Math.max(0, ...ends.filter(is).map(({ end }) => end));
  const isSampled = ({ verifierCalls, unscored = 0 }: PlannedRows): boolean => verifierCalls + unscored > 0;
  return {
    demonstrations: furthest((rows) => !isSampled(rows) && rows.format === 'demonstrations'),
    samples: furthest(isSampled),
    preferences: furthest((rows) => !isSampled(rows) && rows.format !== 'demonstrations'),
  };
}

/**
 * Each kind of rows comes from the user's file if there is one, else from the pool.
 *
 * @param what asks for the rows, for the message
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL
 */
export function assertRowsAreThere(
  resolved: AnyResolved,
  what: string,
  stages: readonly PlannedStage[],
): void {
  const { annotations } = resolved.definition;
  const { demonstrations, samples, preferences } = reachOf(stages);
  const areFiled = annotations?.demonstrations !== undefined;
  if (areFiled) assertFitsFile(resolved, what, { use: 'demonstrations', rows: demonstrations });
  if (preferences > 0) assertFitsFile(resolved, what, { use: 'preferences', rows: preferences });
  const fromPool = (areFiled ? 0 : demonstrations) + samples;
  assertFitsPool(resolved, `${what} takes ${countOf(fromPool, 'row')}, which`, fromPool);
}

/** Few-shot demonstrations come from the same source as training demonstrations. */
export function assertExamplesAreThere(resolved: ResolvedExperiment, rows: number): void {
  const what = `numFewShot ${rows}`;
  if (resolved.definition.annotations?.demonstrations === undefined) assertFitsPool(resolved, what, rows);
  else assertFitsFile(resolved, what, { use: 'demonstrations', rows });
}

/** The error of a user's pipeline, with the cell that it was called for. */
function withCell(error: unknown, { members, definition }: ResolvedExperiment): unknown {
  if (members?.pipeline === undefined || !(error instanceof BudgetlineError)) return error;
  const { budget, sftFraction, spend } = definition;
  const place = `budget ${nameBudget(budget, spend === undefined ? 'rows' : 'usd')} at SFT fraction ${sftFraction}`;
  const { code, message, remedy, details } = error;
  return new BudgetlineError(code, `${place}: ${message}`, { remedy, details, cause: error });
}

/**
 * Plans the stages of one cell, with all keys.
 *
 * @param place the cell's place in a sweep, if it belongs to one
 * @throws BudgetlineError BUDGET_EXCEEDS_POOL, BUDGET_EXCEEDED, DEFINITION_INVALID
 */
export async function planCell(resolved: ResolvedExperiment, place: CellPlace = {}): Promise<CellPlan> {
  const { budget, sftFraction, seed } = resolved.definition;
  const rows = purchase(resolved);
  const { sftRows, pairRows } = rows;
  const cell = { budget, sftFraction, seed, sftRows, pairRows, axes: place.axes ?? {} };
  const context = { resolved, seed };
  const planned = await planPipeline(context, cellPipeline(context, cell), budgetOf(resolved)).catch(
    (error: unknown) => {
      throw withCell(error, resolved);
    },
  );
  assertRowsAreThere(resolved, `budget ${budget} at fraction ${sftFraction}`, planned.stages);
  return {
    ...planned,
    experiment: resolved,
    cell: identityOf(resolved, rows, place),
    annotationUsd: listPriceUsd(planned.stages),
    seconds: estimateSeconds(planned.stages, 1),
  };
}

/** Identifies a cell, without planning its pipeline. */
export const identifyCell = (resolved: ResolvedExperiment, place: CellPlace = {}): CellIdentity =>
  identityOf(resolved, purchase(resolved), place);

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

export function planBase(
  resolved: Resolved<ExperimentDefinition | SweepDefinition>,
): Promise<PlannedPipeline> {
  // No stage of it uses random numbers, so any seed gives the same keys.
  return planPipeline({ resolved, seed: 0 }, basePipeline);
}
