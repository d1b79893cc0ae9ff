import { resolve } from 'node:path';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { lossFacts } from '../losses/facts';
import { losses } from '../losses/registry';
import type { ResolvedFiles, ResolvedLoss } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import { type Annotations, type UserRowsSource, type UserRowsUse, userRowsUses } from '../schemas/user-rows';
import type { ProblemSet, Task } from '../contracts/task';
import { type UserRowsRequest, type UserRow, type HeldOutSet, readUserRows } from '../ingest';
import {
  annotationCosts,
  buyRows,
  gridOf,
  type GridPoint,
  orderUserRows,
  sharedPrompts,
  type Split,
  splitBudget,
} from '../planning';
import { userFileName, poolSeed } from '../stages';
import { digestFile } from '../store';
import { inField } from './in-field';
import type { FileRows } from './lengths';

type AnyDefinition = ExperimentDefinition | SweepDefinition;

/** Files of user rows, pinned by content, with their numbers of usable rows. */
export interface ResolvedUserRows {
  readonly files: ResolvedFiles;
  readonly rows: Readonly<Partial<Record<UserRowsUse, number>>>;
  /** Columns that are not used, with the number of rows that have them. */
  readonly unused: Readonly<Partial<Record<UserRowsUse, Readonly<Record<string, number>>>>>;
  /** The usable rows of each file. */
  readonly read: readonly ReadRows[];
  /** Names of the auxiliary tasks with a test item that some row overlaps. */
  readonly heldOut: readonly string[];
}

/** Rows of a file, what was left out, and what they were compared with. */
interface ReadRows extends FileRows {
  /** Rows dropped by a check, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Rows that the task's verifier disagrees with, and that are kept. */
  readonly mismatches: number;
  readonly heldOutPrompts: number;
}

/** A file of user rows in a plan. */
export type UserFile = Omit<ReadRows, 'rows'> & { readonly rows: number };

/** A definition with its task's problems. */
export interface Source {
  readonly definition: AnyDefinition;
  readonly task: Task;
  readonly problems: ProblemSet;
  /** Test items of auxiliary tasks, which rows must not overlap. */
  readonly auxiliary: readonly HeldOutSet[];
  readonly baseDir: string;
  /** The user's loss, if the definition has one. */
  readonly loss?: ResolvedLoss;
}

interface ReadFile extends Omit<ReadRows, 'rows'> {
  readonly digest: string;
  readonly rows: readonly UserRow[];
  readonly unused: Readonly<Record<string, number>>;
  readonly heldOut: readonly string[];
}

/** How a file is read. */
export type Reading = Omit<UserRowsSource, 'digest'>;

function readingOf(dataset: NonNullable<Annotations[UserRowsUse]>): Reading {
  const { columnMapping, applyTaskTemplate, rowChecks } = dataset;
  const kind = 'kind' in dataset ? dataset.kind : 'demonstrations';
  return { kind, columnMapping, applyTaskTemplate, rowChecks };
}

export const requestOf = (
  { definition, task, problems, auxiliary }: Source,
  path: string,
  reading: Reading,
): UserRowsRequest => ({
  path,
  reading,
  task,
  problems,
  auxiliary,
  templated: definition.data.source === 'synthetic',
});

async function readFileOf(source: Source, use: UserRowsUse): Promise<ReadFile[]> {
  const dataset = source.definition.annotations?.[use];
  if (dataset === undefined) return [];
  const path = resolve(source.baseDir, dataset.file);
  try {
    const digest = await digestFile(path);
    const reading = readingOf(dataset);
    const { rows, heldOut, summary, verifierMismatches } = await readUserRows(
      requestOf(source, path, reading),
    );
    const { unused, dropped } = summary;
    const mismatches = reading.rowChecks.verifierMismatches === 'count' ? verifierMismatches : 0;
    const heldOutPrompts = summary.heldOut.reduce((sum, { prompts }) => sum + prompts, 0);
    return [{ use, path, digest, rows, unused, dropped, mismatches, heldOut, heldOutPrompts }];
  } catch (error) {
    throw inField(`annotations.${use}`, error);
  }
}

/** How a definition's annotations read a file of a kind; undefined where they do not name it. */
export function readingOfFile(
  { annotations }: AnyDefinition,
  { path, kind, baseDir = process.cwd() }: { path: string; kind: Reading['kind']; baseDir?: string },
): Reading | undefined {
  const datasets = userRowsUses.flatMap((use) => annotations?.[use] ?? []);
  const named = datasets.filter(({ file }) => resolve(baseDir, file) === resolve(path)).map(readingOf);
  return named.find((reading) => reading.kind === kind);
}

const pointsOf = (definition: AnyDefinition): GridPoint[] =>
  'budgets' in definition ? gridOf(definition) : [definition];

/** Rows that a cell takes; for money budgets an upper bound, since compute inside the budget leaves less for rows. */
function rowsAt(definition: AnyDefinition, point: GridPoint): Split {
  if ('sftFraction' in point) return splitBudget(point.budget, point.sftFraction);
  const { budget, sftSpendFraction } = point;
  return buyRows({ usd: budget, sftSpendFraction }, annotationCosts(definition));
}

/** Number of prompts that a cell would use for demonstrations and for preferences. */
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
    const fraction = 'sftFraction' in point ? point.sftFraction : point.sftSpendFraction;
    throw new BudgetlineError(
      'DATA_INVALID',
      `annotations: at budget ${budget}, fraction ${fraction}, seed ${seed}, ${shared} prompts would be used for demonstrations and for preferences.`,
      {
        remedy:
          'Plan smaller budgets, remove shared prompts from one of the files, or set sharedPrompts: "allow".',
        details: { field: 'annotations', shared, budget, fraction, seed },
      },
    );
  }
}

/** Some losses only train on unpaired answers. */
function assertLossFits({ definition: { annotations, preference }, loss }: Source): void {
  if (annotations?.preferences?.kind !== 'unpaired') return;
  if (lossFacts(preference.loss, loss?.facts).rows === 'unpaired') return;
  const unpaired = losses.filter(({ rows }) => rows === 'unpaired').map(({ name }) => `"${name}"`);
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `preference.loss is not ${unpaired.join(' or ')}, but annotations.preferences holds unpaired answers.`,
    { details: { field: 'preference.loss' } },
  );
}

/**
 * Reads user rows, so that an unusable row is reported before anything runs, and checks for every cell that demonstrations
 * and preferences share no prompts.
 *
 * @throws BudgetlineError DATA_INVALID, INPUT_MISSING, DEFINITION_INVALID
 */
export async function resolveUserRows(source: Source): Promise<ResolvedUserRows | undefined> {
  const { definition } = source;
  if (definition.annotations === undefined) return undefined;
  assertLossFits(source);
  const files = (await Promise.all(userRowsUses.map((use) => readFileOf(source, use)))).flat();
  assertDisjoint(definition, files);
  return {
    files: Object.fromEntries(files.map(({ use, path, digest }) => [userFileName(use), { path, digest }])),
    rows: Object.fromEntries(files.map(({ use, rows }) => [use, rows.length])),
    read: files.map(({ use, path, rows, dropped, mismatches, heldOutPrompts }) => ({
      use,
      path,
      rows: rows.map(({ row }) => row),
      dropped,
      mismatches,
      heldOutPrompts,
    })),
    unused: Object.fromEntries(files.map(({ use, unused }) => [use, unused])),
    heldOut: files.flatMap(({ heldOut }) => heldOut),
  };
}
