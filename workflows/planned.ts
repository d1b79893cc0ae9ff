import { ApplicationFailure } from '@temporalio/workflow';
import { BudgetlineError } from '../core/failures';

/**
 * Fails the workflow if the plan is invalid. Any other error would make Temporal retry the workflow task
 * for ever.
 */
export function planOrFail<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (error instanceof BudgetlineError)
      throw ApplicationFailure.nonRetryable(error.message, error.code, error.details);
    throw error;
  }
}
