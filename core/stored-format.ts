import { BudgetlineError } from './failures';

/** `format` of manifest.json and result.json. Raise it when their readers need another shape. */
export const storedFormat = 3;

/** @throws BudgetlineError FORMAT_UNSUPPORTED if parsed JSON has another format. No format at all is left to the schema. */
export function assertStoredFormat(data: unknown, path: string): void {
  if (typeof data !== 'object' || data === null || !('format' in data)) return;
  const { format } = data;
  if (typeof format !== 'number' || format === storedFormat) return;
  const maker = format < storedFormat ? 'an earlier version' : 'a later version';
  throw new BudgetlineError(
    'FORMAT_UNSUPPORTED',
    `${path} has format ${format}: ${maker} of Budgetline made it. This version reads format ${storedFormat}.`,
    { details: { path, format } },
  );
}
