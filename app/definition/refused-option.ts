import { BudgetlineError } from '../../contracts/failures';

/** An option that would have no effect, or contradicts what it is used with. */
export const refused = (option: string, why: string, remedy: string): BudgetlineError =>
  new BudgetlineError('USAGE', `${option}: ${why}.`, { remedy, details: { field: option } });
