import type { DemonstrationRow, PreferenceRow, UnpairedRow } from '../schemas/rows';

/** What a file of annotations holds. */
export const dataKinds = ['demonstrations', 'preferences', 'unpaired'] as const;
export type DataKind = (typeof dataKinds)[number];

/** A row as stages take it; its kind is the file's. */
export type AnnotationRow = DemonstrationRow | PreferenceRow | UnpairedRow;

/** One record of a file: its fields, or what keeps it from being read at all. */
export type SourceRecord =
  | { readonly line: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly unreadable: string };

/** A row that cannot be used: where it stands, what is wrong, what to do. Lines of a Parquet file are its rows. */
export interface RowFault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
  readonly remedy: string;
}

/** What is wrong with a record, before it is known where it stands. */
export type FieldFault = Omit<RowFault, 'path' | 'line'>;

/** What is done about rows that are well formed but of no use. Dropped ones are counted, refused ones are faults. */
export const policies = ['error', 'drop'] as const;
export type Policy = (typeof policies)[number];
export interface Policies {
  /** The same prompt and answers as a row before. */
  readonly duplicates: Policy;
  readonly emptyCompletions: Policy;
  /** Chosen and rejected are the same text. */
  readonly equalPairs: Policy;
  /** The prompt is like one of the files that rows are held against (test items, the other kind of rows). */
  readonly overlaps: Policy;
}
export const strictPolicies: Policies = {
  duplicates: 'error',
  emptyCompletions: 'error',
  equalPairs: 'error',
  overlaps: 'error',
};
