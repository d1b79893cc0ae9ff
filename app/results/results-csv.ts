import { readFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { BudgetlineError } from '../../core/failures';
import { isMissing } from '../../host/fs-errors';
import type { ResultRow } from './analyze-results';
import { invalid, optional, parseRow, type Place, required, type Row } from './results-row';

/** The scores of a file, with notes on how it was read. */
export interface ResultsTable {
  /** Scores and rates are from 0 to 1. */
  readonly rows: readonly ResultRow[];
  /** By task: 1 if the file's scores are fractions, 100 if they are percentages. */
  readonly scales: ReadonlyMap<string, number>;
  /** Notes for readers of the results, e.g. columns that were not read. */
  readonly notes: readonly string[];
}

const known: readonly string[] = [...required, ...optional];

const plainName = (text: string): string => text.toLowerCase().replace(/[\s-]+/g, '_');

/** "SFT fraction" is sft_fraction; an unknown column keeps its name. */
const columnName = (text: string): string => (known.includes(plainName(text)) ? plainName(text) : text);

function checkHeader(header: readonly string[], path: string): void {
  const missing = required.filter((column) => !header.includes(column));
  const twice = header.find((column, index) => header.indexOf(column) < index);
  const place = { path, line: 1, column: missing[0] ?? twice ?? '' };
  if (missing.length > 0)
    throw invalid(
      place,
      `the column is missing; the header has ${header.join(', ')}`,
      `Name the columns ${required.join(', ')} in the first line; ${optional.join(', ')} are optional.`,
    );
  if (twice !== undefined)
    throw invalid(place, 'the header names it twice', 'Remove or rename one of the two columns.');
}

/** The columns of the axes, as the header spells them. */
function findAxes(header: readonly string[], axes: readonly string[]): string[] {
  const others = header.filter((column) => !known.includes(column));
  return axes.map((axis) => {
    const found = others.find((column) => plainName(column) === plainName(axis));
    if (found !== undefined) return found;
    const reason = known.includes(plainName(axis)) ? 'has a fixed meaning' : 'is not a column of the file';
    const choice =
      others.length === 0 ? 'There are no other columns' : `The other columns are ${others.join(', ')}`;
    throw new BudgetlineError('USAGE', `"${axis}" ${reason}, so it cannot be an axis. ${choice}.`, {
      remedy:
        'Name the column of another setting that was varied, e.g. --axis annotator. Task, model and seed need no --axis.',
    });
  });
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: { readonly lines: number };
}

/** The delimiter of a spreadsheet's CSV depends on its locale. */
function delimiterOf(text: string): string {
  const head = /[^\r\n]+/.exec(text)?.[0] ?? '';
  const count = (sign: string): number => head.split(sign).length;
  return [';', '\t'].reduce((best, sign) => (count(sign) > count(best) ? sign : best), ',');
}

function readCsv(text: string, path: string): { header: string[]; records: CsvRecord[] } {
  let header: string[] = [];
  const columns = (cells: string[]): string[] => {
    header = cells.map(columnName);
    checkHeader(header, path);
    return header;
  };
  const options = { columns, bom: true, info: true, trim: true, skip_empty_lines: true };
  try {
    const records = parse(text, { ...options, delimiter: delimiterOf(text) });
    return { records: records as unknown as CsvRecord[], header };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error['lines'] ?? 1);
    throw invalid({ path, line }, error.message.replace(/ on line \d+/, '').replace(/\.$/, ''));
  }
}

const cellOf = ({ task, model, axes, budget, sft_fraction, seed }: Row): (string | number)[] => [
  ...[task, model, ...Object.values(axes)],
  ...[`budget ${budget}`, `fraction ${sft_fraction}`, `seed ${seed ?? 0}`],
];

function repeated(row: Row, first: Row, place: Place): BudgetlineError {
  const others = Object.keys(row.record).filter((column) => !known.includes(column));
  const differing = others.filter((column) => row.record[column] !== first.record[column]);
  const reason = `the cell ${cellOf(row).join(', ')} is also in line ${first.line}`;
  if (differing.length === 0)
    return invalid(place, reason, 'Remove one of the rows, or name the seed of each run in a column "seed".');
  const axis = differing.map((column) => `--axis ${column}`).join(' or ');
  return invalid(
    place,
    `${reason}; the rows differ in ${differing.join(', ')}`,
    `If that was varied on purpose, add ${axis}: each value is then analysed separately. Otherwise remove one of the rows, or name the seed of each run in a column "seed".`,
  );
}

/** Two scores of one cell and seed contradict each other. */
function checkRepeats(rows: readonly Row[], path: string): void {
  const seen = new Map<string, Row>();
  for (const row of rows) {
    if (row.budget === 0) continue;
    const key = JSON.stringify(cellOf(row));
    const first = seen.get(key);
    if (first !== undefined) throw repeated(row, first, { path, line: row.line, column: 'seed' });
    seen.set(key, row);
  }
}

type Scaled = 'score' | 'well_formed_rate' | 'repetition_rate';

/** Percentages (100) if any value of the task's column is above 1, else fractions (1). */
function scaleOf(rows: readonly Row[], column: Scaled): number {
  return rows.some((row) => (row[column] ?? 0) > 1) ? 100 : 1;
}

function toResults(rows: readonly Row[], axes: readonly string[]): ResultRow[] {
  const scales = { score: 1, well_formed_rate: 1, repetition_rate: 1 };
  for (const column of Object.keys(scales) as Scaled[]) scales[column] = scaleOf(rows, column);
  const rate = (row: Row, column: Scaled): number | null => row[column] && row[column] / scales[column];
  return rows.map((row) => ({
    task: row.task,
    model: row.model,
    axes: axes.length === 0 ? undefined : row.axes,
    budget: row.budget,
    sftFraction: row.sft_fraction,
    seed: row.seed ?? 0,
    score: row.score / scales.score,
    items: row.n_items,
    wellFormedRate: rate(row, 'well_formed_rate'),
    meanTokens: row.mean_length,
    repetitionRate: rate(row, 'repetition_rate'),
  }));
}

function groupBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

function describeScales(scales: ReadonlyMap<string, number>): string[] {
  const percentages = [...scales].filter(([, scale]) => scale === 100).map(([task]) => task);
  if (percentages.length === 0) return [];
  return [`Scores of ${percentages.join(', ')} are read as percentages and shown as fractions: 70 is 0.700.`];
}

/** One typo, 85 among 0.81 and 0.79, turns a column of fractions into percentages. */
function warnOfMixedScales(tasks: ReadonlyMap<string, readonly Row[]>): string[] {
  return [...tasks].flatMap(([task, rows]) => {
    const above = rows.find(({ score }) => score > 1);
    const small = rows.filter(({ score }) => score > 0 && score < 1);
    if (above === undefined || small.length === 0) return [];
    return [
      `Scores of ${task}: line ${above.line} has ${above.score}, so all are read as percentages, also ${small[0]!.score} in line ${small[0]!.line}. Write either fractions or percentages in all rows of a task.`,
    ];
  });
}

/** A base model without cells of the same task and model is probably a typo. */
function warnOfLoneBases(rows: readonly Row[]): string[] {
  const nameOf = ({ task, model }: Row): string => `${task}, ${model}`;
  const trained = new Set(rows.filter(({ budget }) => budget > 0).map(nameOf));
  return rows
    .filter((row) => row.budget === 0 && !trained.has(nameOf(row)))
    .map(
      (row) =>
        `Line ${row.line}: the base model of ${nameOf(row)} is ignored; no other row has this task and model.`,
    );
}

function describeColumns(header: readonly string[], axes: readonly string[]): string[] {
  const others = header.filter((column) => !known.includes(column) && !axes.includes(column));
  if (others.length === 0) return [];
  return [
    `Columns that are not read: ${others.join(', ')}. If one is a setting that was varied, use e.g. --axis ${others[0]!}.`,
  ];
}

/**
 * Reads a table of scores. Columns: task, model, budget, sft_fraction, score; optional seed, n_items, well_formed_rate,
 * mean_length, repetition_rate. A row of budget 0 is the base model.
 *
 * @param path names the file in errors
 * @param wanted columns whose values are analysed separately; a base model with an empty cell holds for all of them
 * @throws BudgetlineError DATA_INVALID with file, line and column; USAGE if the file lacks the column of an axis
 */
export function parseResults(text: string, path: string, wanted: readonly string[] = []): ResultsTable {
  const { header, records } = readCsv(text, path);
  const axes = findAxes(header, wanted);
  const rows = records.map(({ record, info }) => parseRow(record, axes, { path, line: info.lines }));
  if (!rows.some(({ budget }) => budget > 0))
    throw invalid({ path, line: 2 }, 'the file has no row with a budget above 0');
  checkRepeats(rows, path);
  const tasks = groupBy(rows, ({ task }) => task);
  const scales = new Map([...tasks].map(([task, list]) => [task, scaleOf(list, 'score')]));
  return {
    rows: [...tasks.values()].flatMap((list) => toResults(list, axes)),
    scales,
    notes: [
      ...describeScales(scales),
      ...warnOfMixedScales(tasks),
      ...warnOfLoneBases(rows),
      ...describeColumns(header, axes),
    ],
  };
}

/**
 * Reads a CSV file of scores, which may be fractions or percentages. Columns: task, model, budget, sft_fraction, score;
 * optional seed, n_items, well_formed_rate, mean_length, repetition_rate. A row of budget 0 is the base model.
 *
 * @example
 * ```ts
 * const { rows } = await readResults('examples/data/llama-3.1-8b/results.csv');
 * for (const { task, answer } of analyzeResults(rows)) console.log(task, answer);
 * ```
 *
 * @param axes further columns whose values are analysed separately. Default: none
 * @throws BudgetlineError INPUT_MISSING, DATA_INVALID, USAGE
 */
export async function readResults(path: string, axes: readonly string[] = []): Promise<ResultsTable> {
  try {
    return parseResults(await readFile(path, 'utf8'), path, axes);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, {
      remedy: 'Name a CSV of scores: budgetline analyze results.csv',
      details: { path },
      cause,
    });
  }
}
