import type { DemonstrationRow, PreferenceRow, UnpairedRow } from '../schemas/rows';

/** Kinds of annotation rows. */
export const dataKinds = ['demonstrations', 'preferences', 'unpaired'] as const;
export type DataKind = (typeof dataKinds)[number];

/** A row as stages read it, of the file's kind. */
export type AnnotationRow = DemonstrationRow | PreferenceRow | UnpairedRow;

/** An unusable row: its place, the reason, the remedy. For Parquet, `line` is the row number. */
export interface RowFault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
  readonly remedy: string;
}

/** A fault without its place. */
export type FieldFault = Omit<RowFault, 'path' | 'line'>;

/** What happens to a row that fails a check: a fault, or dropped and counted. */
export type RowAction = 'error' | 'drop';
export interface RowChecks {
  /** Same prompt and answers as an earlier row. */
  readonly duplicates: RowAction;
  readonly emptyCompletions: RowAction;
  /** Chosen and rejected are the same text. */
  readonly equalPairs: RowAction;
  /** The prompt overlaps a held-out prompt: a test item, or a prompt of the other use. */
  readonly overlaps: RowAction;
  /** Neither answer is better: equal ranks or scores, or a winner "tie". */
  readonly ties: RowAction;
}
export const strictRowChecks: RowChecks = {
  duplicates: 'error',
  emptyCompletions: 'error',
  equalPairs: 'error',
  overlaps: 'error',
  ties: 'error',
};
