/** Where a record begins in its file. */
export interface RecordPlace {
  /** From 1. Of a Parquet file: the number of the row. */
  readonly line: number;
  /** Which of the records that begin in the line, from 2. Left out: the first. */
  readonly nth?: number;
}

/** One record of a file: its fields, or why it cannot be read. */
export type SourceRecord = RecordPlace &
  ({ readonly fields: Readonly<Record<string, unknown>> } | { readonly unreadable: string });

/** All records of a file, in order. */
export interface RecordsFile {
  readonly path: string;
  readonly records: readonly SourceRecord[];
}

/** A field for messages, which name the record's line. */
export const fieldInLine = (field: string, nth: number | undefined): string =>
  nth === undefined ? field : `${field} of record ${nth} in the line`;

/** A record's name within its file: its line, padded with zeros, and which one of the line it is. */
export function recordName({ line, nth }: RecordPlace, width = 0): string {
  const padded = String(line).padStart(width, '0');
  return nth === undefined ? padded : `${padded}.${nth}`;
}

/** The place that {@link recordName} names. */
export function placeOfName(name: string): RecordPlace {
  const [line = NaN, nth] = name.split('.').map(Number);
  return { line, nth };
}
