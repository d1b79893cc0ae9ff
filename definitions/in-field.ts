import { BudgetlineError } from '../core/failures';

/** Adds the definition's field to a BudgetlineError; returns other errors unchanged. */
export function inField(field: string, error: unknown): unknown {
  if (!(error instanceof BudgetlineError)) return error;
  const { code, message, remedy, details } = error;
  return new BudgetlineError(code, `${field}: ${message}`, {
    remedy,
    details: { ...details, field },
    cause: error,
  });
}
