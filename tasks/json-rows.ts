import { BudgetlineError } from '../core/failures';
import { type Fields, linesOf, type NumberedRow, parseFields } from '../schemas/json-lines';

/** An unusable row with its place and the reason. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** A file that a task reads. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export type FieldReason = Pick<Fault, 'field' | 'reason'>;

const listedFaults = 20;

/** Reasons why fields are not non-empty texts. */
export function textReasons(fields: Fields, ...names: string[]): FieldReason[] {
  return names
    .filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '')
    .map((field) => ({ field, reason: field in fields ? 'is not a text, or is empty' : 'is missing' }));
}

/**
 * Parses JSON Lines. `read` returns a row, or the reasons against its fields. Faults go into `faults` by file and line;
 * usable rows are returned.
 */
export function parseJsonRows<Row>(
  { path, text }: TextFile,
  read: (fields: Fields) => { row: Row } | { reasons: readonly FieldReason[] },
  faults: Fault[],
): NumberedRow<Row>[] {
  const rows: NumberedRow<Row>[] = [];
  for (const { line, text: content } of linesOf(text)) {
    const parsed = parseFields(content);
    const result =
      'fault' in parsed
        ? { reasons: [{ field: 'the line', reason: 'is not a JSON object' }] }
        : read(parsed.fields);
    if ('row' in result) rows.push({ line, row: result.row });
    else faults.push(...result.reasons.map((reason) => ({ path, line, ...reason })));
  }
  if (text.trim() === '') faults.push({ path, line: 1, field: 'the file', reason: 'holds no rows' });
  return rows;
}

/**
 * @throws BudgetlineError DATA_INVALID if there are faults, with file, line and field of the first twenty
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
