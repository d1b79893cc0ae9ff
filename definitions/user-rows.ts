import { resolve } from 'node:path';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { ResolvedFiles } from '../contracts/resolved';
import { BudgetlineError } from '../contracts/failures';
import { type Annotations, type UserRowsSource, type UserRowsUse, userRowsUses } from '../schemas/user-rows';
import type { ProblemSet, Task } from '../contracts/task';
import {
  type UserRowsRequest,
  type UserRow,
  type UserRows,
  type HeldOutSet,
  readUserRows,
  type RowFault,
} from '../ingest';
import {
  annotationCosts,
  buyRows,
  userFileName,
  gridOf,
  type GridPoint,
  orderUserRows,
  poolSeed,
  sharedPrompts,
  type Split,
  splitBudget,
} from '../planning';
import { digestFile } from '../store';
import { inField } from './in-field';

type AnyDefinition = ExperimentDefinition | SweepDefinition;

/** The user's own files: pinned by content, and how many of their rows can be used. */
export interface ResolvedUserRows {
  readonly files: ResolvedFiles;
  readonly rows: Readonly<Partial<Record<UserRowsUse, number>>>;
  /** Tasks beside of whose test items rows were like, and so left out. */
  readonly heldOut: readonly string[];
}

/** A definition with its task's problems. */
export interface Source {
  readonly definition: AnyDefinition;
  readonly task: Task;
  readonly problems: ProblemSet;
  /** Test items of tasks beside, which rows are kept apart from as from the task's own. */
  readonly auxiliary: readonly HeldOutSet[];
  readonly baseDir: string;
}

interface ReadFile {
  readonly use: UserRowsUse;
  readonly path: string;
  readonly digest: string;
  readonly rows: readonly UserRow[];
  readonly heldOut: readonly string[];
}

/** How a file is read, as its entry in the definition says. */
type Reading = Omit<UserRowsSource, 'digest'>;

function readingOf(said: NonNullable<Annotations[UserRowsUse]>): Reading {
  const { map, prompts, policies } = said;
  return { kind: 'kind' in said ? said.kind : 'demonstrations', map, prompts, policies };
}

const requestOf = (
  { definition, task, problems, auxiliary }: Source,
  path: string,
  given: Reading,
): UserRowsRequest => ({
  ...{ path, given, task, problems, auxiliary },
  templated: definition.data.source === 'synthetic',
});

async function readFileOf(source: Source, use: UserRowsUse): Promise<ReadFile[]> {
  const said = source.definition.annotations?.[use];
  if (said === undefined) return [];
  const path = resolve(source.baseDir, said.file);
  try {
    const digest = await digestFile(path);
    const { rows, heldOut } = await readUserRows(requestOf(source, path, readingOf(said)));
    return [{ use, path, digest, rows, heldOut }];
  } catch (error) {
    throw inField(`annotations.${use}`, error);
  }
}

export interface PreviewRequest {
  readonly path: string;
  /** How the file is read where the definition's annotations do not name it for this kind of rows. */
  readonly otherwise: Reading;
  /** Told of each row that cannot be used. */
  readonly onFault: (fault: RowFault) => void;
}

/** How a definition's annotations say that a file of a kind is read; undefined where they do not name it. */
export function readingOfFile(
  { annotations }: AnyDefinition,
  { path, kind, baseDir = process.cwd() }: { path: string; kind: Reading['kind']; baseDir?: string },
): Reading | undefined {
  const said = userRowsUses.flatMap((use) => annotations?.[use] ?? []);
  const named = said.filter(({ file }) => resolve(baseDir, file) === resolve(path)).map(readingOf);
  return named.find((reading) => reading.kind === kind);
}

/** A file's rows as the stages of a definition would take them: put by its task, held against its test items and check. */
export function readUserRowsFor(source: Source, request: PreviewRequest): Promise<UserRows> {
  const { path, otherwise, onFault } = request;
  const { definition, baseDir } = source;
  const given = readingOfFile(definition, { path, kind: otherwise.kind, baseDir }) ?? otherwise;
  return readUserRows({ ...requestOf(source, path, given), onFault });
}

const pointsOf = (definition: AnyDefinition): GridPoint[] =>
  'budgets' in definition ? gridOf(definition) : [definition];

/** Rows that a cell takes; of money at most so many, since compute inside the budget only buys fewer. */
function rowsAt(definition: AnyDefinition, point: GridPoint): Split {
  if ('sftFraction' in point) return splitBudget(point.budget, point.sftFraction);
  const { budget, sftSpendFraction } = point;
  return buyRows({ usd: budget, sftSpendFraction }, annotationCosts(definition));
}

/** Prompts that a cell would take for both uses. */
function sharedAt(definition: AnyDefinition, point: GridPoint, files: readonly ReadFile[]): number {
  const { sftRows, pairRows } = rowsAt(definition, point);
  const counts = { demonstrations: sftRows, preferences: pairRows };
  const taken = files.map(({ use, rows }) =>
    orderUserRows(rows, { use, poolSeed: poolSeed(point.seed) }).slice(0, counts[use]),
  );
  const [demonstrations = [], preferences = []] = taken;
  return sharedPrompts(demonstrations, preferences);
}

function assertDisjoint(definition: AnyDefinition, files: readonly ReadFile[]): void {
  if (files.length < userRowsUses.length || definition.annotations?.sharedPrompts === 'allow') return;
  for (const point of pointsOf(definition)) {
    const shared = sharedAt(definition, point, files);
    if (shared === 0) continue;
    const { budget, seed } = point;
    const share = 'sftFraction' in point ? point.sftFraction : point.sftSpendFraction;
    throw new BudgetlineError(
      'DATA_INVALID',
      `annotations: at budget ${budget}, fraction ${share}, seed ${seed}, ${shared} prompts would serve as demonstrations and as preferences.`,
      {
        remedy:
          'Plan smaller budgets, take shared prompts out of one of the files, or say sharedPrompts: "allow".',
        details: { field: 'annotations', shared, budget, share, seed },
      },
    );
  }
}

/** Single answers teach by the loss "kto" alone. */
function assertLossFits({ annotations, preference }: AnyDefinition): void {
  if (annotations?.preferences?.kind !== 'unpaired' || preference.loss.name === 'kto') return;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    'preference.loss is not "kto", and annotations.preferences holds single answers.',
    { details: { field: 'preference.loss' } },
  );
}

/**
 * Reads the user's own rows once, so that a bad one is met before anything runs, and holds the two files against each
 * other for every cell.
 *
 * @throws BudgetlineError DATA_INVALID, INPUT_MISSING, DEFINITION_INVALID
 */
export async function resolveUserRows(source: Source): Promise<ResolvedUserRows | undefined> {
  const { definition } = source;
  if (definition.annotations === undefined) return undefined;
  assertLossFits(definition);
  const files = (await Promise.all(userRowsUses.map((use) => readFileOf(source, use)))).flat();
  assertDisjoint(definition, files);
  return {
    files: Object.fromEntries(files.map(({ use, path, digest }) => [userFileName(use), { path, digest }])),
    rows: Object.fromEntries(files.map(({ use, rows }) => [use, rows.length])),
    heldOut: files.flatMap(({ heldOut }) => heldOut),
  };
}
