import { readFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { BudgetlineError } from '../../contracts/failures';
import { isMissing } from '../../store';
import type { ResultRow } from './analyze-results';
import { invalid, optional, parseRow, type Place, required, type Row } from './results-row';

/** Scores of a file as shares of 1, with what had to be recognised on the way. */
export interface ResultsTable {
  readonly rows: readonly ResultRow[];
  /** By task: 1 where the file has shares, 100 where it has points of a hundred. */
  readonly scales: ReadonlyMap<string, number>;
  /** What a reader of the results must know of the file. */
  readonly notes: readonly string[];
}

const known: readonly string[] = [...required, ...optional];

const plainName = (text: string): string => text.toLowerCase().replace(/[\s-]+/g, '_');

/** "SFT fraction" is sft_fraction; a column that is not ours keeps its name. */
const columnName = (text: string): string => (known.includes(plainName(text)) ? plainName(text) : text);

function checkHeader(header: readonly string[], path: string): void {
  const missing = required.filter((column) => !header.includes(column));
  const twice = header.find((column, index) => header.indexOf(column) < index);
  const place = { path, line: 1, column: missing[0] ?? twice ?? '' };
  if (missing.length > 0)
    throw invalid(
      place,
      `the header has no such column; it has ${header.join(', ')}`,
      `Name the columns ${required.join(', ')} in the first line; ${optional.join(', ')} are optional.`,
    );
  if (twice !== undefined)
    throw invalid(place, 'the header names it twice', 'Leave one of the two columns out, or rename it.');
}

/** The columns that are meant, as the header spells them. */
function findAxes(header: readonly string[], axes: readonly string[]): string[] {
  const others = header.filter((column) => !known.includes(column));
  return axes.map((axis) => {
    const found = others.find((column) => plainName(column) === plainName(axis));
    if (found !== undefined) return found;
    const reason = known.includes(plainName(axis)) ? 'has a meaning of its own' : 'is no column of the file';
    const choice = others.length === 0 ? 'It has no others' : `Its others are ${others.join(', ')}`;
    throw new BudgetlineError('USAGE', `"${axis}" ${reason}, so it cannot be an axis. ${choice}.`, {
      remedy:
        'Name a column that says what else was varied, e.g. --axis annotator. Tasks, models and seeds are told apart anyway.',
    });
  });
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: { readonly lines: number };
}

/** Spreadsheets write what their country writes. */
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
  const reason = `the cell ${cellOf(row).join(', ')} stands in line ${first.line} too`;
  if (differing.length === 0)
    return invalid(place, reason, 'Leave one of the rows out, or give each run its seed in a column "seed".');
  const axis = differing.map((column) => `--axis ${column}`).join(' or ');
  return invalid(
    place,
    `${reason}; the rows differ in ${differing.join(', ')}`,
    `Where that was varied on purpose, call again with ${axis}: every value is then analysed by itself. Otherwise leave one of the rows out, or give each run its seed.`,
  );
}

/** The same cell twice leaves open which score counts. */
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

/** Points of a hundred where any value of the task's column is above 1, else shares. */
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
    ...(axes.length === 0 ? {} : { axes: row.axes }),
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
  const points = [...scales].filter(([, scale]) => scale === 100).map(([task]) => task);
  if (points.length === 0) return [];
  return [`Scores of ${points.join(', ')} are read as points of 100 and shown as shares: 70 is 0.700.`];
}

/** One slip of the pen, 85 among .81 and .79, would make points of a column of shares. */
function warnOfMixedScales(tasks: ReadonlyMap<string, readonly Row[]>): string[] {
  return [...tasks].flatMap(([task, rows]) => {
    const above = rows.find(({ score }) => score > 1);
    const small = rows.filter(({ score }) => score > 0 && score < 1);
    if (above === undefined || small.length === 0) return [];
    return [
      `Scores of ${task}: line ${above.line} has ${above.score}, so all count as points of 100, also ${small[0]!.score} in line ${small[0]!.line}. Write either shares or points in all rows of a task.`,
    ];
  });
}

/** A base model under a name that no cell has is mostly a slip of the pen. */
function warnOfLoneBases(rows: readonly Row[]): string[] {
  const nameOf = ({ task, model }: Row): string => `${task}, ${model}`;
  const trained = new Set(rows.filter(({ budget }) => budget > 0).map(nameOf));
  return rows
    .filter((row) => row.budget === 0 && !trained.has(nameOf(row)))
    .map(
      (row) =>
        `Line ${row.line}: the base model of ${nameOf(row)} is left out; no other row has this task and model.`,
    );
}

function describeColumns(header: readonly string[], axes: readonly string[]): string[] {
  const others = header.filter((column) => !known.includes(column) && !axes.includes(column));
  if (others.length === 0) return [];
  return [
    `Columns that are not read: ${others.join(', ')}. Where one says what was varied, --axis ${others[0]!} tells its values apart.`,
  ];
}

/**
 * Reads a table of scores. Columns: task, model, budget, sft_fraction, score; optional seed, n_items, well_formed_rate,
 * mean_length, repetition_rate. A row of budget 0 is the base model.
 *
 * @param path names the file in errors
 * @param wanted columns whose values are told apart; a base model that leaves one empty holds for all of its values
 * @throws BudgetlineError DATA_INVALID with file, line and column; USAGE for axes that the file has not
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
 * Reads a CSV file of scores: the columns of {@link parseResults}, as shares or as points of 100.
 *
 * @example
 * ```ts
 * const { rows } = await readResults('examples/data/llama-3.1-8b/results.csv');
 * for (const { task, answer } of analyzeResults(rows)) console.log(task, answer);
 * ```
 *
 * @param axes columns whose values are analysed one by one
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
