import type { Estimate } from '../contracts/analysis/estimate';
import type { TestScore } from '../contracts/analysis/splits';
import { nameBudget } from '../contracts/budget-name';
import { countOf, formatCount, formatDifference, formatScore, joinList } from '../contracts/text';
import type { BudgetUnit } from '../schemas/definition';

/** 0.223 (0.190 to 0.258). */
export function sayScore({ estimate, low, high }: Estimate): string {
  const text = formatScore(estimate);
  return low === null || high === null ? text : `${text} (${formatScore(low)} to ${formatScore(high)})`;
}

/** A sentence on the score on items that chose nothing, with a space before it. Empty: there is none. */
export function sayTest(test: TestScore | null): string {
  if (test === null) return '';
  const above =
    test.aboveBase === null
      ? ''
      : `, a difference of ${formatDifference(test.aboveBase)} from the base model`;
  return ` On ${countOf(test.items, 'test item')} it scores ${sayScore(test.score)}${above}.`;
}

export function joinNumbers(values: readonly number[]): string {
  return joinList(values.map((value) => (Number.isInteger(value) ? formatCount(value) : String(value))));
}

/** 64 rows, or $5. */
export function sayBudget(budget: number, unit: BudgetUnit): string {
  return unit === 'usd' ? nameBudget(budget, unit) : countOf(budget, 'row');
}

/** "64, 256 and 1,024 rows", "$5 and $20". */
export function joinBudgets(budgets: readonly number[], unit: BudgetUnit): string {
  if (unit === 'usd') return joinList(budgets.map((budget) => sayBudget(budget, unit)));
  return `${joinNumbers(budgets)} ${budgets.length === 1 && budgets[0] === 1 ? 'row' : 'rows'}`;
}
