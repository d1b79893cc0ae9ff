import type { ProblemData } from '../../schemas/definition';
import type { TaskContext } from '../../contracts/task';
import type { RecordsFile } from '../../contracts/records';
import { type Fault, refuseFaults } from '../record-rows';

type FileData = Extract<ProblemData, { source: 'files' }>;

/** Names of the files that problems are read from; a test set alone has no train file. */
export function fileNamesOf(data: ProblemData): readonly ('train' | 'test')[] {
  if (data.source === 'synthetic') return [];
  return data.train === undefined ? ['test'] : ['train', 'test'];
}

/** Train and test records. A test set alone has no train file. */
export type TaskFiles = Readonly<Partial<Record<'train' | 'test', RecordsFile>>>;

export async function readTaskFiles(data: FileData, context: TaskContext): Promise<TaskFiles> {
  const files: { train?: RecordsFile; test?: RecordsFile } = {};
  for (const name of fileNamesOf(data)) files[name] = await context.readRecords(name);
  return files;
}

export interface RowsOfFilesOptions {
  readonly files: TaskFiles;
  /** Remedy for unusable rows. */
  readonly remedy: string;
}

/**
 * Reads train and test rows, in file order.
 *
 * @throws BudgetlineError DATA_INVALID, with file, line and field of the first twenty unusable rows
 */
export function rowsOfFiles<P>(
  { files, remedy }: RowsOfFilesOptions,
  read: (file: RecordsFile, faults: Fault[], name: 'train' | 'test') => P[],
): { train: P[]; test: P[] } {
  const faults: Fault[] = [];
  const rowsOf = (name: 'train' | 'test'): P[] => {
    const file = files[name];
    return file === undefined ? [] : read(file, faults, name);
  };
  const rows = { train: rowsOf('train'), test: rowsOf('test') };
  refuseFaults(faults, remedy);
  return rows;
}
