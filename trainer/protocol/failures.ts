import { BudgetlineError, failures, type FailureCode } from '../../contracts/failures';
import type { EventOf } from '../../schemas/trainer-event';
import { measureUsage } from './usage';

/** Statuses of failures that are no exit status of their own in the table. */
const sharedExitCodes: Partial<Record<FailureCode, number>> = {
  REFERENCE_MISMATCH: 78,
  /** A fault of the program itself (EX_SOFTWARE). */
  TRAINER_CRASHED: 70,
};

export function exitCodeOf(code: FailureCode): number {
  return failures[code].exitCode ?? sharedExitCodes[code] ?? 70;
}

/** What V8 and Node throw where a buffer finds no room. */
const noRoom = /Array buffer allocation failed|Failed to allocate memory|out of memory/i;

/** Anything thrown, as a failure with a code; what has none is a fault of this program. */
export function toFailure(error: unknown): BudgetlineError {
  if (error instanceof BudgetlineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (noRoom.test(message))
    return new BudgetlineError('HOST_OUT_OF_MEMORY', `There was too little memory: ${message}`, {
      cause: error,
    });
  return new BudgetlineError('TRAINER_CRASHED', `Fault of the training executable: ${message}`, {
    cause: error,
  });
}

export function errorEventOf({ code, message, remedy, details }: BudgetlineError): EventOf<'error'> {
  return { event: 'error', code, message, remedy, details: { ...details }, ...measureUsage() };
}
