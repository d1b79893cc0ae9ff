import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { BudgetlineError } from '../../../core/failures';
import {
  type AnnotationRow,
  type ColumnMapping,
  type DataKind,
  ingestFile,
  readHeldOut,
  type RowChecks,
} from '../../../ingest';

/** A file of rows and the right outcome. */
export interface RowCase {
  readonly file: string;
  readonly kind: DataKind;
  readonly columnMapping?: ColumnMapping;
  readonly rowChecks?: Partial<RowChecks>;
  /** File of held-out prompts. Default: none. */
  readonly heldOut?: string;
  /** The texts of its rows. Default: none. */
  readonly rows?: readonly object[];
  /** "LINE FIELD" of each refusal, or the code of an error of the whole file. Default: none. */
  readonly refused?: readonly string[] | 'anywhere';
  /** Columns that are not used, with their counts. Default: none. */
  readonly unused?: Readonly<Record<string, number>>;
}

/** 'refused': rightly. */
export type CaseOutcome = 'right' | 'refused' | 'wrong';

export interface CheckedCase {
  readonly outcome: CaseOutcome;
  /** What was read and refused, as text. */
  readonly found: string;
}

interface Reading {
  readonly rows: readonly object[];
  readonly refused: readonly string[];
  readonly unused: Readonly<Record<string, number>>;
}

export const casesFolder = join(__dirname, 'rows');

async function readCase({ file, kind, columnMapping, rowChecks, heldOut }: RowCase): Promise<Reading> {
  const rows: object[] = [];
  const refused: string[] = [];
  const onRow = ({ id: _id, ...texts }: AnnotationRow): void => void rows.push(texts);
  try {
    const path = join(casesFolder, file);
    const overlaps = heldOut === undefined ? [] : [await readHeldOut(join(casesFolder, heldOut))];
    const { unused } = await ingestFile(
      { path, kind, columnMapping, rowChecks, overlaps },
      { onRow, onFault: ({ line, field }) => refused.push(`${line} ${field}`) },
    );
    return { rows, refused, unused };
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    return { rows, refused: [...refused, error.code], unused: {} };
  }
}

/** Reads a case's file and compares what was read and refused with what is right. */
export async function checkCase(one: RowCase): Promise<CheckedCase> {
  const { rows = [], refused = [], unused = {} } = one;
  const found = await readCase(one);
  const isRefused =
    refused === 'anywhere' ? found.refused.length > 0 : isDeepStrictEqual(found.refused, refused);
  const isRead = isDeepStrictEqual(found.rows, rows) && isDeepStrictEqual(found.unused, unused);
  const text = [...found.rows.map((row) => JSON.stringify(row)), ...found.refused].join('; ');
  if (!isRefused || !isRead) return { outcome: 'wrong', found: text };
  return { outcome: rows.length === 0 ? 'refused' : 'right', found: text };
}
