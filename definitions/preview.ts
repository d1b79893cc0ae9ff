import { parseHubReference } from '../core/hub';
import { readUserRows, type RowFault, type UserRows } from '../ingest';
import { checkRows, findLong, type Lengths } from './lengths';
import { localModelPath } from './local-model';
import { type AnyDefinition, type LoadOptions, loadProblems } from './problems';
import { type Reading, readingOfFile, requestOf } from './user-rows';

export interface PreviewRequest extends LoadOptions {
  readonly path: string;
  /** How to read the file where the definition's annotations do not name it for this kind of rows. */
  readonly fallback: Reading;
  /** Receives each unusable row. */
  readonly onFault: (fault: RowFault) => void;
}

/** Rows of a file under a definition, and those that are too long for training. */
export interface PreviewedRows extends UserRows {
  readonly lengths: Lengths;
}

function findLongRows(
  definition: AnyDefinition,
  { path, rows }: Pick<UserRows, 'rows'> & { path: string },
  { kind, baseDir }: { kind: Reading['kind']; baseDir: string },
): Promise<Lengths> | Lengths {
  if (parseHubReference(definition.model) !== null)
    return {
      long: [],
      warnings: ['Lengths are checked when the sweep is planned: its model is on the hub.'],
    };
  const use = kind === 'demonstrations' ? 'demonstrations' : 'preferences';
  const check = checkRows(definition, { use, path, rows: rows.map(({ row }) => row) });
  return findLong([check], localModelPath(definition.model, baseDir));
}

/**
 * Rows of a file as the stages of a definition would read them, whether its annotations name the file or not: with its
 * task's template, overlap checks and verifier.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID (of the task's own files), DEFINITION_INVALID
 */
export async function previewUserRows(
  definition: AnyDefinition,
  request: PreviewRequest,
): Promise<PreviewedRows> {
  const { baseDir = process.cwd(), path, fallback, onFault } = request;
  const { kind } = fallback;
  const { task, problems, auxiliary } = await loadProblems(definition, request);
  const reading = readingOfFile(definition, { path, kind, baseDir }) ?? fallback;
  const source = { definition, task, problems, auxiliary, baseDir };
  const read = await readUserRows({ ...requestOf(source, path, reading), onFault });
  const lengths = await findLongRows(definition, { path, rows: read.rows }, { kind, baseDir });
  return { ...read, lengths };
}
