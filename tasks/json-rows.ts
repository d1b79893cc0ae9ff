import { withoutByteOrderMark } from '../contracts/byte-order-mark';
import { BudgetlineError } from '../contracts/failures';

/** A row that cannot be used, and why. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** A file as a task is given it. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export type Fields = Readonly<Record<string, unknown>>;
export type FieldReason = Pick<Fault, 'field' | 'reason'>;

/** A row by its line, counted from 1 as an editor shows it. */
export interface NumberedRow<Row> {
  readonly line: number;
  readonly row: Row;
}

const listedFaults = 20;

function parseFields(content: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A field that must be a text with something in it. */
export function textReasons(fields: Fields, ...names: string[]): FieldReason[] {
  return names
    .filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '')
    .map((field) => ({ field, reason: field in fields ? 'is not a text, or is empty' : 'is missing' }));
}

/**
 * Rows of JSON Lines. `read` gives a row, or what is wrong with its fields; everything that is wrong goes into `faults`,
 * by file and line, and the other rows come back.
 */
export function parseJsonRows<Row>(
  { path, text }: TextFile,
  read: (fields: Fields) => { row: Row } | { reasons: readonly FieldReason[] },
  faults: Fault[],
): NumberedRow<Row>[] {
  const rows: NumberedRow<Row>[] = [];
  const lines = withoutByteOrderMark(text).split('\n');
  lines.forEach((content, index) => {
    if (content.trim() === '') return;
    const line = index + 1;
    const fields = parseFields(content);
    const result =
      fields === undefined
        ? { reasons: [{ field: 'the line', reason: 'is not a JSON object' }] }
        : read(fields);
    if ('row' in result) rows.push({ line, row: result.row });
    else faults.push(...result.reasons.map((reason) => ({ path, line, ...reason })));
  });
  if (text.trim() === '') faults.push({ path, line: 1, field: 'the file', reason: 'holds no rows' });
  return rows;
}

/**
 * @throws BudgetlineError DATA_INVALID where there are faults, naming file, line and field of the first twenty.
 */
export function refuseFaults(faults: readonly Fault[], remedy: string): void {
  if (faults.length === 0) return;
  const listed = faults.slice(0, listedFaults);
  const sentences = listed.map(({ path, line, field, reason }) => `${path}:${line}: ${field} ${reason}`);
  const more = faults.length > listed.length ? `\n… and ${faults.length - listed.length} more` : '';
  // A row may have several faults.
  const rows = new Set(faults.map(({ path, line }) => `${path}:${line}`)).size;
  const count = rows === 1 ? '1 row cannot' : `${rows} rows cannot`;
  throw new BudgetlineError('DATA_INVALID', `${count} be used:\n${sentences.join('\n')}${more}`, {
    remedy,
    details: { faults: listed, count: rows },
  });
}
