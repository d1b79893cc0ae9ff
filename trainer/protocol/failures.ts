import { BudgetlineError, failures, type FailureCode } from '../../core/failures';
import type { EventOf } from '../../schemas/trainer-event';
import { measureUsage } from './usage';

/** Exit statuses of codes that have none in the registry of failures. */
const sharedExitCodes: Partial<Record<FailureCode, number>> = {
  REFERENCE_MISMATCH: 78,
  /** EX_SOFTWARE. */
  TRAINER_CRASHED: 70,
};

export function exitCodeOf(code: FailureCode): number {
  return failures[code].exitCode ?? sharedExitCodes[code] ?? 70;
}

/** Messages of V8 and Node when an allocation fails. */
const allocationFailure = /Array buffer allocation failed|Failed to allocate memory|out of memory/i;

/** A thrown value as a failure with a code; TRAINER_CRASHED if it has none. */
export function toFailure(error: unknown): BudgetlineError {
  if (error instanceof BudgetlineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (allocationFailure.test(message))
    return new BudgetlineError('HOST_OUT_OF_MEMORY', `Out of memory: ${message}`, {
      cause: error,
    });
  return new BudgetlineError('TRAINER_CRASHED', `Fault of the training executable: ${message}`, {
    cause: error,
  });
}

export function errorEventOf({ code, message, remedy, details }: BudgetlineError): EventOf<'error'> {
  return { event: 'error', code, message, remedy, details: { ...details }, ...measureUsage() };
}
