import type { BudgetUnit } from '../schemas/definition';

const groupThousands = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** $5, $0.50, $0.125: whole dollars, or at least two decimals. */
function nameDollars(usd: number): string {
  const [whole = '', decimals = ''] = usd.toFixed(6).replace(/0+$/, '').split('.');
  return `$${groupThousands(whole)}${decimals === '' ? '' : `.${decimals.padEnd(2, '0')}`}`;
}

/** 1,024 for rows, $0.50 for US dollars; the same on every host. */
export function nameBudget(budget: number, unit: BudgetUnit): string {
  return unit === 'usd' ? nameDollars(budget) : groupThousands(budget.toFixed(0));
}
