import { BudgetlineError } from '../../core/failures';

/**
 * The error of a stage whose rows are behind the end of pool or file.
 *
 * @param skip rows that earlier stages take
 */
export function tooFewRows(skip: number, message: string): BudgetlineError {
  if (skip === 0) return new BudgetlineError('BUDGET_EXCEEDS_POOL', `${message}.`);
  return new BudgetlineError(
    'BUDGET_EXCEEDS_POOL',
    `${message}, and earlier stages take the first ${skip}.`,
    {
      remedy: 'Ask for fewer rows, enlarge the pool or the file, or leave "after" out to use rows again.',
    },
  );
}
