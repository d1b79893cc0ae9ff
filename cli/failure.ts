import { BudgetlineError, type FailureCode, isFailureCode } from '../core/failures';
import { toFileError } from '../host/fs-errors';

/** A failure that the command line prints. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly remedy: string;
}

/** Checks fields, not the class: the error may come from another copy of this package. */
function isCoded(error: unknown): error is Error & Failure {
  if (!(error instanceof Error) || error.name !== 'BudgetlineError') return false;
  const { code, remedy } = error as Partial<Failure>;
  return isFailureCode(code) && typeof remedy === 'string';
}

function pathOf(error: unknown): string {
  const path = error instanceof Error ? (error as NodeJS.ErrnoException).path : undefined;
  return path ?? 'a file';
}

/** Any error, with a code of the table. */
export function toFailure(error: unknown): Error & Failure {
  if (isCoded(error)) return error;
  const mapped = toFileError(error, pathOf(error));
  if (isCoded(mapped)) return mapped;
  const message = error instanceof Error ? error.message : String(error);
  return new BudgetlineError('INTERNAL', message, { cause: error });
}

/** The error and its causes with their stacks, for BUDGETLINE_DEBUG=1. */
export function describeCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeCauses(error.cause)}`;
}
