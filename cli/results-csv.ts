import { readFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { ScoreRow } from '../analysis';
import { BudgetlineError } from '../contracts/failures';
import { splitBudget } from '../planning';
import { isMissing } from '../store';

/** Scores of a file as shares of 1, with what had to be recognised on the way. */
export interface ResultsTable {
  readonly rows: readonly ScoreRow[];
  /** By task: 1 where the file has shares, 100 where it has points of a hundred. */
  readonly scales: ReadonlyMap<string, number>;
  /** What a reader of the results must know of the file. */
  readonly notes: readonly string[];
}

const required = ['task', 'model', 'budget', 'sft_fraction', 'score'] as const;
const optional = ['seed', 'n_items', 'format_rate', 'mean_length', 'repetition_rate'] as const;
const known: readonly string[] = [...required, ...optional];

interface Place {
  readonly path: string;
  readonly line: number;
  readonly column?: string;
}

function invalid({ path, line, column }: Place, reason: string, remedy?: string): BudgetlineError {
  const where = column === undefined ? '' : `, column "${column}"`;
  return new BudgetlineError('DATA_INVALID', `${path}, line ${line}${where}: ${reason}.`, {
    details: { path, line, ...(column === undefined ? {} : { column }) },
    ...(remedy === undefined ? {} : { remedy }),
  });
}

const numeral = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** A cell with a number; what is wrong is said with the text that stands there. */
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

const quoted = (text: string): string => (text === '' ? 'an empty cell' : `"${text}"`);

const blankOr = (schema: z.ZodType<number, string>): z.ZodType<number | null, string> =>
  z.union([z.literal('').transform(() => null), schema]);

const name = z.string().min(1, 'an empty cell names nothing');

const rowShape = z.object({
  task: name,
  model: name,
  budget: numberWithin(0, Infinity, true),
  sft_fraction: numberWithin(0, 1),
  seed: blankOr(numberWithin(0, Infinity, true)).default(null),
  score: numberWithin(0, 100),
  n_items: blankOr(numberWithin(1, Infinity, true)).default(null),
  format_rate: blankOr(numberWithin(0, 100)).default(null),
  mean_length: blankOr(numberWithin(0, Infinity)).default(null),
  repetition_rate: blankOr(numberWithin(0, 100)).default(null),
});
type Row = z.output<typeof rowShape>;
type NumberedRow = Row & { readonly line: number };

/** The base model stands at budget 0, where a fraction means nothing. */
function withBaseFraction(record: Record<string, string>): Record<string, string> {
  return record['budget'] === '0' ? { ...record, sft_fraction: '0' } : record;
}

function parseRow(record: Record<string, string>, place: Place): NumberedRow {
  const parsed = rowShape.safeParse(withBaseFraction(record));
  if (parsed.success) return { ...parsed.data, line: place.line };
  const issue = parsed.error.issues[0];
  const deepest = issue?.code === 'invalid_union' ? issue.errors.flat().at(-1) : issue;
  throw invalid(
    { ...place, column: String(issue?.path[0] ?? '') },
    deepest?.message ?? 'cannot be used',
    'Correct the cell, or leave the row out where the cell of the grid was not run.',
  );
}

function checkHeader(header: readonly string[], path: string): void {
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length === 0) return;
  throw invalid(
    { path, line: 1, column: missing[0]! },
    `the header has no such column; it has ${header.join(', ')}`,
    `Name the columns ${required.join(', ')} in the first line; ${optional.join(', ')} are optional.`,
  );
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: { readonly lines: number };
}

function readCsv(text: string, path: string): { header: string[]; records: CsvRecord[] } {
  let header: string[] = [];
  const columns = (cells: string[]): string[] => {
    header = cells.map((cell) => cell.toLowerCase());
    checkHeader(header, path);
    return header;
  };
  try {
    const options = { columns, bom: true, info: true, trim: true, skip_empty_lines: true };
    return { records: parse(text, options) as unknown as CsvRecord[], header };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error['lines'] ?? 1);
    throw invalid({ path, line }, error.message.replace(/ on line \d+/, '').replace(/\.$/, ''));
  }
}

/** The same cell twice leaves open which score counts. */
function checkRepeats(rows: readonly NumberedRow[], path: string): void {
  const seen = new Map<string, number>();
  for (const { line, task, model, budget, sft_fraction, seed } of rows) {
    if (budget === 0) continue;
    const key = JSON.stringify([task, model, budget, sft_fraction, seed ?? 0]);
    const first = seen.get(key);
    if (first !== undefined)
      throw invalid(
        { path, line, column: 'seed' },
        `the same task, model, budget, fraction and seed stand in line ${first}`,
        'Leave one of the rows out, or give each run its seed.',
      );
    seen.set(key, line);
  }
}

type Scaled = 'score' | 'format_rate' | 'repetition_rate';

/** Points of a hundred where any value of the task's column is above 1, else shares. */
function scaleOf(rows: readonly Row[], column: Scaled): number {
  return rows.some((row) => (row[column] ?? 0) > 1) ? 100 : 1;
}

function toScores(rows: readonly Row[]): ScoreRow[] {
  const scales = { score: 1, format_rate: 1, repetition_rate: 1 };
  for (const column of Object.keys(scales) as Scaled[]) scales[column] = scaleOf(rows, column);
  const rate = (row: Row, column: Scaled): number | null => row[column] && row[column] / scales[column];
  return rows.map((row) => ({
    task: row.task,
    model: row.model,
    budget: row.budget,
    sftFraction: row.sft_fraction,
    ...(row.budget === 0 ? { sftRows: 0, pairRows: 0 } : splitBudget(row.budget, row.sft_fraction)),
    seed: row.seed ?? 0,
    summary: {
      items: row.n_items ?? 0,
      score: row.score / scales.score,
      formatRate: rate(row, 'format_rate'),
      ramblingRate: null,
      noEosRate: null,
      meanTokens: row.mean_length,
      repetitionRate: rate(row, 'repetition_rate'),
    },
  }));
}

function describeScales(scales: ReadonlyMap<string, number>): string[] {
  const points = [...scales].filter(([, scale]) => scale === 100).map(([task]) => task);
  if (points.length === 0) return [];
  return [`Scores of ${points.join(', ')} are read as points of 100 and shown as shares: 70 is 0.700.`];
}

function describeColumns(header: readonly string[]): string[] {
  const others = header.filter((column) => !known.includes(column));
  return others.length === 0 ? [] : [`Columns that are not read: ${others.join(', ')}.`];
}

/**
 * Reads a table of scores. Columns: task, model, budget, sft_fraction, score; optional seed, n_items, format_rate,
 * mean_length, repetition_rate. A row of budget 0 is the base model.
 *
 * @param path names the file in errors
 * @throws BudgetlineError DATA_INVALID with file, line and column
 */
export function parseResults(text: string, path: string): ResultsTable {
  const { header, records } = readCsv(text, path);
  const rows = records.map(({ record, info }) => parseRow(record, { path, line: info.lines }));
  if (!rows.some(({ budget }) => budget > 0))
    throw invalid({ path, line: 2 }, 'the file has no row with a budget above 0');
  checkRepeats(rows, path);
  const byTask = new Map<string, Row[]>();
  for (const row of rows) byTask.set(row.task, [...(byTask.get(row.task) ?? []), row]);
  const scales = new Map([...byTask].map(([task, list]) => [task, scaleOf(list, 'score')]));
  return {
    rows: [...byTask.values()].flatMap(toScores),
    scales,
    notes: [...describeScales(scales), ...describeColumns(header)],
  };
}

/**
 * Reads a file of scores.
 *
 * @throws BudgetlineError INPUT_MISSING, DATA_INVALID
 */
export async function readResults(path: string): Promise<ResultsTable> {
  try {
    return parseResults(await readFile(path, 'utf8'), path);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, {
      remedy: 'Name a CSV of scores: budgetline analyze results.csv',
      details: { path },
      cause,
    });
  }
}
