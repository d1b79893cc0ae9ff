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

export interface ReadFilesOptions {
  readonly data: FileData;
  readonly context: TaskContext;
  /** Remedy for unusable rows. */
  readonly remedy: string;
}

/**
 * Reads train and test rows, in file order.
 *
 * @throws BudgetlineError DATA_INVALID, with file, line and field of the first twenty unusable rows
 */
export async function readFiles<P>(
  { data, context, remedy }: ReadFilesOptions,
  read: (file: RecordsFile, faults: Fault[], name: 'train' | 'test') => P[],
): Promise<{ train: P[]; test: P[] }> {
  const faults: Fault[] = [];
  const rows: { train: P[]; test: P[] } = { train: [], test: [] };
  for (const name of fileNamesOf(data)) rows[name] = read(await context.readRecords(name), faults, name);
  refuseFaults(faults, remedy);
  return rows;
}
