import type { ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import type { PlannedStage } from '../contracts/stage';
import type { Resolved } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import { nameUsd } from '../core/money';
import { expectedVerifierCalls } from '../stages/synthesize-data/verifier-calls';
import { type UnitCosts, unitCosts } from './budget';
import { annotationUsd, type RowsStage, uniquePurchase, usdTolerance } from './money';

/** The most that a pipeline may buy: a number of rows, or US dollars with the cost of each row. */
export type Budget = { readonly rows: number } | { readonly usd: number; readonly costs: UnitCosts };

type Priced = Resolved<ExperimentDefinition | SweepDefinition>;

/** A cell's budget; undefined for a sweep's definition, whose budgets are those of its cells. */
export function budgetOf(resolved: Priced): Budget | undefined {
  const { definition } = resolved;
  if (!('budget' in definition)) return undefined;
  const { budget, spend } = definition;
  return spend === undefined ? { rows: budget } : { usd: spend.usd, costs: unitCosts(resolved) };
}

interface Settings {
  readonly budget: Budget;
  readonly definition: { readonly prices: Prices; readonly pairs: ExperimentDefinition['pairs'] };
}

/** Rows that are priced only by their verifier calls. */
const hasNoRowPrice = ({ rows }: PlannedStage): boolean => rows?.pricedAs === null;

/** The part of the budget that the stages' rows take, in its unit. Nested rows count once. */
function takenBy({ budget, definition }: Settings, stages: readonly PlannedStage[]): number {
  const { demonstrations, pairs } = uniquePurchase(stages);
  if ('rows' in budget) return demonstrations + pairs;
  const { sft, pair, fixed } = budget.costs;
  const { verifierCalls } = uniquePurchase(stages.filter(hasNoRowPrice));
  return fixed + demonstrations * sft + pairs * pair + verifierCalls * definition.prices.verifierCall;
}

const limitOf = (budget: Budget): number => ('rows' in budget ? budget.rows : budget.usd);

/** What the stages leave of the budget, in its unit. */
function leftAfter(settings: Settings, stages: readonly PlannedStage[]): number {
  return Math.max(0, limitOf(settings.budget) - takenBy(settings, stages));
}

function exceeded(
  { budget }: Settings,
  { title, rows: { count } }: RowsStage,
  { more, left }: { readonly more: number; readonly left: number },
): BudgetlineError {
  const [asked, free, all] =
    'rows' in budget
      ? [`${more} more rows`, left, `${budget.rows} rows`]
      : [`${nameUsd(more)} for ${count} rows`, nameUsd(left), nameUsd(budget.usd)];
  return new BudgetlineError(
    'BUDGET_EXCEEDED',
    `${title}: takes ${asked}; the budget of ${all} has ${free} left.`,
    { details: { rows: count, more, left, budget: limitOf(budget) } },
  );
}

/**
 * Refuses a stage whose rows, together with those of `taken`, exceed the budget.
 *
 * @throws BudgetlineError BUDGET_EXCEEDED
 */
export function assertWithinBudget(
  settings: Settings,
  taken: readonly PlannedStage[],
  stage: RowsStage,
): void {
  const before = takenBy(settings, taken);
  const after = takenBy(settings, [...taken, stage]);
  if (after === before || after <= limitOf(settings.budget) + usdTolerance) return;
  throw exceeded(settings, stage, { more: after - before, left: leftAfter(settings, taken) });
}

/**
 * The most that the rows of the rest of the budget can cost, in US dollars, pairs with their expected verifier calls. A
 * call may sample more candidates, and rejection samples take no rows of a budget in rows, so verifier calls have no bound.
 */
export function restUsd(settings: Settings, taken: readonly PlannedStage[]): number {
  const left = leftAfter(settings, taken);
  if (!('rows' in settings.budget)) return left;
  const { prices, pairs } = settings.definition;
  const verifierCalls = expectedVerifierCalls(left, pairs);
  return Math.max(
    annotationUsd(prices, { demonstrations: left, pairs: 0, verifierCalls: 0 }),
    annotationUsd(prices, { demonstrations: 0, pairs: left, verifierCalls }),
  );
}
