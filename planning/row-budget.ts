import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { PlannedStage } from '../contracts/stage';
import type { Resolved } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import { nameUsd } from '../core/money';
import { annotationCosts, computeCosts, type UnitCosts } from './budget';
import { listPriceUsd, type RowsStage, uniquePurchase, usdTolerance } from './money';

/** The most that a pipeline may buy. */
export type Budget = RowsBudget | MoneyBudget;

interface RowsBudget {
  readonly rows: number;
  /** List price of the definition's more expensive kind of row, in US dollars. */
  readonly rowUsd: number;
}

interface MoneyBudget {
  readonly usd: number;
  /** US dollars of each row, and of each cell, in addition to the list price of its rows. */
  readonly besides: UnitCosts;
}

type Priced = Resolved<ExperimentDefinition | SweepDefinition>;

/** A cell's budget; undefined for a sweep's definition, whose budgets are those of its cells. */
export function budgetOf(resolved: Priced): Budget | undefined {
  const { definition } = resolved;
  if (!('budget' in definition)) return undefined;
  const { budget, spend } = definition;
  const { sft, pair, fixed } = annotationCosts(definition);
  if (spend === undefined) return { rows: budget, rowUsd: Math.max(sft, pair) };
  const compute = computeCosts(resolved);
  return { usd: spend.usd, besides: { ...compute, fixed: fixed + compute.fixed } };
}

/** The part of the budget that the stages' rows take, in its unit. Nested rows count once. */
function takenBy(budget: Budget, stages: readonly PlannedStage[]): number {
  const { demonstrations, pairs } = uniquePurchase(stages);
  if ('rows' in budget) return demonstrations + pairs;
  const { sft, pair, fixed } = budget.besides;
  return fixed + listPriceUsd(stages) + demonstrations * sft + pairs * pair;
}

const limitOf = (budget: Budget): number => ('rows' in budget ? budget.rows : budget.usd);

/** What the stages leave of the budget, in its unit. */
function leftAfter(budget: Budget, stages: readonly PlannedStage[]): number {
  return Math.max(0, limitOf(budget) - takenBy(budget, stages));
}

function exceeded(
  budget: Budget,
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
export function assertWithinBudget(budget: Budget, taken: readonly PlannedStage[], stage: RowsStage): void {
  const before = takenBy(budget, taken);
  const after = takenBy(budget, [...taken, stage]);
  if (after === before || after <= limitOf(budget) + usdTolerance) return;
  throw exceeded(budget, stage, { more: after - before, left: leftAfter(budget, taken) });
}

/**
 * The most that the rows of the rest of the budget can cost, in US dollars. In a budget in rows, a call with settings of
 * pairs of its own may cost more, and rejection samples take no rows.
 */
export function restUsd(budget: Budget, taken: readonly PlannedStage[]): number {
  const left = leftAfter(budget, taken);
  return 'rows' in budget ? left * budget.rowUsd : left;
}
