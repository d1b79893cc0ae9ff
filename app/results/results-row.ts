import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';

export const required = ['task', 'model', 'budget', 'sft_fraction', 'score'] as const;
export const optional = ['seed', 'n_items', 'well_formed_rate', 'mean_length', 'repetition_rate'] as const;

export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column?: string;
}

/** An error in a table of scores, with its place. */
export function invalid({ path, line, column }: Place, reason: string, remedy?: string): BudgetlineError {
  const where = column === undefined ? '' : `, column "${column}"`;
  return new BudgetlineError('DATA_INVALID', `${path}, line ${line}${where}: ${reason}.`, {
    details: { path, line, column },
    remedy,
  });
}

const numeral = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

const quoted = (text: string): string => (text === '' ? 'an empty cell' : `"${text}"`);

/** A cell with a number. Errors quote its text. */
function numberWithin(low: number, high: number, whole = false): z.ZodType<number, string> {
  const range = `${whole ? 'a whole number' : 'a number'} from ${low} to ${high}`;
  const wanted = high === Infinity ? `${whole ? 'a whole number' : 'a number'} of at least ${low}` : range;
  return z.string().transform((text, context) => {
    const value = numeral.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return value;
    context.issues.push({ code: 'custom', message: `${quoted(text)} is not ${wanted}`, input: text });
    return z.NEVER;
  });
}

/** Missing values, as R, pandas and people write them. */
const nothing = /^(na|n\/a|nan|null|none|-|–)?$/i;

const blankOr = (schema: z.ZodType<number, string>): z.ZodType<number | null, string> =>
  z.union([
    z
      .string()
      .regex(nothing)
      .transform(() => null),
    schema,
  ]);

const name = z.string().min(1, 'the cell is empty');

const rowShape = z.object({
  task: name,
  model: name,
  budget: numberWithin(0, Infinity, true),
  sft_fraction: numberWithin(0, 1),
  seed: blankOr(numberWithin(0, Infinity, true)).default(null),
  score: numberWithin(0, 100),
  n_items: blankOr(numberWithin(1, Infinity, true)).default(null),
  well_formed_rate: blankOr(numberWithin(0, 100)).default(null),
  mean_length: blankOr(numberWithin(0, Infinity)).default(null),
  repetition_rate: blankOr(numberWithin(0, 100)).default(null),
});

/** A row of the file: known columns as numbers, axis values, and all columns as text. */
export type Row = z.output<typeof rowShape> & {
  readonly line: number;
  /** Values of the axis columns; for a base model, those that are not empty. */
  readonly axes: Readonly<Record<string, string>>;
  readonly record: Readonly<Record<string, string>>;
};

const remedies: Readonly<Record<string, string>> = {
  sft_fraction: 'Write the fraction of the budget that bought demonstrations, from 0 to 1: 0.75.',
};
const defaultRemedy = 'Correct the value, or remove the row if it was not run.';

const isZero = (text: string | undefined): boolean => numeral.test(text ?? '') && Number(text) === 0;

/** The base model has budget 0 and no fraction. */
function withBaseFraction(record: Record<string, string>): Record<string, string> {
  return isZero(record['budget']) ? { ...record, sft_fraction: '0' } : record;
}

function placeOnAxes(record: Record<string, string>, axes: readonly string[], place: Place): Row['axes'] {
  const found = axes.map((axis) => [axis, record[axis] ?? ''] as const);
  const empty = found.find(([, label]) => label === '');
  if (empty === undefined) return Object.fromEntries(found);
  if (isZero(record['budget'])) return Object.fromEntries(found.filter(([, label]) => label !== ''));
  throw invalid({ ...place, column: empty[0] }, 'the cell is empty, but an axis needs a value');
}

/** @throws BudgetlineError DATA_INVALID with file, line and column */
export function parseRow(record: Record<string, string>, axes: readonly string[], place: Place): Row {
  const parsed = rowShape.safeParse(withBaseFraction(record));
  if (parsed.success)
    return { ...parsed.data, line: place.line, axes: placeOnAxes(record, axes, place), record };
  const issue = parsed.error.issues[0];
  const deepest = issue?.code === 'invalid_union' ? issue.errors.flat().at(-1) : issue;
  const column = String(issue?.path[0] ?? '');
  throw invalid(
    { ...place, column },
    deepest?.message ?? 'cannot be used',
    remedies[column] ?? defaultRemedy,
  );
}
