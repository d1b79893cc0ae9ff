import { BudgetlineError } from './failures';

/**
 * `format` of manifest.json and result.json. Raise it when their readers need another shape. Artifacts of earlier formats
 * are then made again, from the rows that were paid for: those have no format of their own.
 */
export const storedFormat = 3;

/** The format in parsed JSON; undefined if it has none. */
function formatOf(data: unknown): number | undefined {
  const format = typeof data === 'object' && data !== null && 'format' in data ? data.format : undefined;
  return typeof format === 'number' ? format : undefined;
}

/** Whether parsed JSON was written in an earlier format. */
export const isOfEarlierFormat = (data: unknown): boolean => (formatOf(data) ?? storedFormat) < storedFormat;

/** @throws BudgetlineError FORMAT_UNSUPPORTED if parsed JSON has another format. No format at all is left to the schema. */
export function assertStoredFormat(data: unknown, path: string): void {
  const format = formatOf(data);
  if (format === undefined || format === storedFormat) return;
  const maker = format < storedFormat ? 'an earlier version' : 'a later version';
  throw new BudgetlineError(
    'FORMAT_UNSUPPORTED',
    `${path} has format ${format}: ${maker} of Budgetline made it. This version reads format ${storedFormat}.`,
    { details: { path, format } },
  );
}
