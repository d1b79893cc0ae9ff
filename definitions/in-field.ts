import { BudgetlineError } from '../contracts/failures';

/** An error of ours with the field of the definition that it is about; others as they are. */
export function inField(field: string, error: unknown): unknown {
  if (!(error instanceof BudgetlineError)) return error;
  const { code, message, remedy, details } = error;
  return new BudgetlineError(code, `${field}: ${message}`, {
    remedy,
    details: { ...details, field },
    cause: error,
  });
}
