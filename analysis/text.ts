import type { Estimate } from '../contracts/analysis';
import { nameBudget } from '../contracts/budget-name';
import type { BudgetUnit } from '../schemas/definition';

/** A score or share with three decimals. */
export function formatShare(value: number): string {
  const text = value.toFixed(3);
  return text === '-0.000' ? '0.000' : text.replace('-', '−');
}

/** A difference, with its sign. */
export function formatDifference(value: number): string {
  const text = formatShare(value);
  return value > 0 && text !== '0.000' ? `+${text}` : text;
}

function withBounds(text: string, { low, high }: Estimate, format: (value: number) => string): string {
  return low === null || high === null ? text : `${text} (${format(low)} to ${format(high)})`;
}

export function formatScore(estimate: Estimate): string {
  return withBounds(formatShare(estimate.estimate), estimate, formatShare);
}

export function formatGap(estimate: Estimate): string {
  return withBounds(formatDifference(estimate.estimate), estimate, formatDifference);
}

/** 12345 → 12,345, in every locale. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** a; a and b; a, b and c. */
export function joinList(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]!}`;
}

export function joinNumbers(values: readonly number[]): string {
  return joinList(values.map(formatCount));
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

/** One row, 64 rows. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
