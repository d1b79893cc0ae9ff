import { BudgetlineError } from '../../core/failures';

/** An error for an option that has no effect, or contradicts another. */
export const refused = (option: string, why: string, remedy: string): BudgetlineError =>
  new BudgetlineError('USAGE', `${option}: ${why}.`, { remedy, details: { field: option } });
