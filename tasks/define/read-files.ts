import type { ProblemData } from '../../schemas/definition';
import type { TaskContext } from '../../contracts/task';
import { type Fault, refuseFaults, type TextFile } from '../json-rows';

type FileData = Extract<ProblemData, { source: 'files' }>;

/** The files that problems are read from: of a test set alone there is no train file. */
export function fileNamesOf(data: ProblemData): readonly ('train' | 'test')[] {
  if (data.source === 'synthetic') return [];
  return data.train === undefined ? ['test'] : ['train', 'test'];
}

export interface ReadFilesOptions {
  readonly data: FileData;
  readonly context: TaskContext;
  /** What to do about rows that cannot be used. */
  readonly remedy: string;
}

/**
 * Rows of train and test, in the order of their files.
 *
 * @throws BudgetlineError DATA_INVALID, naming file, line and field of up to twenty unusable rows of both.
 */
export async function readFiles<P>(
  { data, context, remedy }: ReadFilesOptions,
  read: (file: TextFile, faults: Fault[], name: 'train' | 'test') => P[],
): Promise<{ train: P[]; test: P[] }> {
  const faults: Fault[] = [];
  const rows: { train: P[]; test: P[] } = { train: [], test: [] };
  for (const name of fileNamesOf(data)) rows[name] = read(await context.readText(name), faults, name);
  refuseFaults(faults, remedy);
  return rows;
}
