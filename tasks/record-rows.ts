import { fieldInLine, type RecordPlace, type RecordsFile } from '../contracts/records';
import { BudgetlineError } from '../core/failures';
import type { Fields } from '../schemas/json-lines';

/** An unusable row with its place and the reason. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** A row with the place of its record. */
export interface PlacedRow<Row> extends RecordPlace {
  readonly row: Row;
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
 * The rows of a file. `read` returns a row, or the reasons against its fields. Faults go into `faults` by file and line;
 * usable rows are returned.
 */
export function rowsOf<Row>(
  { path, records }: RecordsFile,
  read: (fields: Fields, place: RecordPlace) => { row: Row } | { reasons: readonly FieldReason[] },
  faults: Fault[],
): PlacedRow<Row>[] {
  const rows: PlacedRow<Row>[] = [];
  for (const record of records) {
    const { line, nth } = record;
    const result =
      'unreadable' in record
        ? { reasons: [{ field: 'the line', reason: record.unreadable }] }
        : read(record.fields, { line, nth });
    if ('row' in result) rows.push({ line, nth, row: result.row });
    else
      faults.push(
        ...result.reasons.map(({ field, reason }) => ({
          path,
          line,
          field: fieldInLine(field, nth),
          reason,
        })),
      );
  }
  if (records.length === 0) faults.push({ path, line: 1, field: 'the file', reason: 'holds no rows' });
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
