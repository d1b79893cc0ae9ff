import { ApplicationFailure } from '@temporalio/workflow';
import { BudgetlineError } from '../contracts/failures';

/** A plan that cannot be made ends the workflow, by its code; any other error would have its task tried for ever. */
export function planOrFail<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (error instanceof BudgetlineError)
      throw ApplicationFailure.nonRetryable(error.message, error.code, error.details);
    throw error;
  }
}
