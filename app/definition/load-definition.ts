import { realpathSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { loadUserModule } from '../../code/load';
import { userFailure } from '../../code/user-failure';
import type { SweepDefinition } from '../../schemas/definition';
import { originOfExport, withOrigin } from '../../core/code';
import { BudgetlineError } from '../../core/failures';
import { mapReferences, type MemberReference, type PinnedMember } from '../../core/members';
import type { Task } from '../../contracts/task';
import { defineSweep, pinDefinitionMembers, type SweepInput } from '../../definitions';
import { applyOptions, type DefinitionOptions } from './definition-options';
import { isFile } from '../../host/is-file';

type Loaded = Readonly<Record<string, unknown>>;

/** A file of a user, loaded. */
interface OpenFile {
  readonly path: string;
  readonly loaded: Loaded;
}

async function open(file: string): Promise<OpenFile> {
  const path = resolve(file);
  if (isFile(path)) return { path, loaded: await loadUserModule(path) };
  throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, {
    remedy: 'Name the file whose default export is a sweep: budgetline run examples/first-sweep.ts',
    details: { path },
  });
}

/** `export default` of ES modules, `exports.default` or `module.exports` of CommonJS, which import() wraps once more. */
function defaultOf(loaded: Loaded): unknown {
  const first = loaded['default'];
  return typeof first === 'object' && first !== null && 'default' in first ? first.default : first;
}

/** A loaded definition file. */
export interface LoadedDefinition {
  /** The default export, with the options applied. */
  readonly definition: SweepDefinition;
  /** Your own tasks: the export `tasks`. Empty if there is none. */
  readonly tasks: readonly Task[];
}

const isTask = (value: unknown): value is Task =>
  typeof value === 'object' && value !== null && 'name' in value && 'load' in value && 'score' in value;

/** The code of a task that is a plain object is all that the export reaches. */
function withExport(task: Task, path: string): Task {
  const origin = originOfExport(realpathSync(path), 'tasks');
  return withOrigin(task, { problems: origin, grading: origin });
}

function tasksOf({ loaded, path }: OpenFile): readonly Task[] {
  const tasks = loaded['tasks'] ?? [];
  if (Array.isArray(tasks) && tasks.every(isTask)) return tasks.map((task) => withExport(task, path));
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `The export "tasks" of ${relative(process.cwd(), path)} is not a list of tasks.`,
    { remedy: 'Write: export const tasks = [defineTask({ … })];', details: { path } },
  );
}

/** Loads the tasks that a file exports as `tasks`. */
export async function loadTasks(file: string): Promise<readonly Task[]> {
  return tasksOf(await open(file));
}

function noDefinition(path: string, problem: string, remedy: string): BudgetlineError {
  const message = `${relative(process.cwd(), path)} ${problem}.`;
  return new BudgetlineError('DEFINITION_INVALID', message, { remedy, details: { path } });
}

async function inputOf(exported: unknown, options: DefinitionOptions, path: string): Promise<SweepInput> {
  const made = isDefine(exported) ? await callDefinition(exported, options, path) : exported;
  if (typeof made !== 'object' || made === null)
    throw noDefinition(
      path,
      'has no sweep definition as its default export',
      'End the file with: export default defineSweep({ … })',
    );
  if ('budget' in made && !('budgets' in made))
    throw noDefinition(
      path,
      'defines a single experiment',
      'Make it a sweep of one cell: defineSweep({ …, budgets: [budget], sftFractions: [sftFraction] }).',
    );
  return made as SweepInput;
}

/**
 * Loads a sweep definition from a TypeScript or JavaScript file, and applies the options. The default export of the file
 * is a definition, or a function that takes the options and returns one. The optional export `tasks` lists your own
 * tasks. Paths of modules (`pipeline`, `stageKinds`, …) start from the file's folder.
 *
 * @example
 * ```ts
 * const { definition, tasks } = await loadDefinition('examples/first-sweep.ts', { budgets: [64] });
 * const { summary } = await planSweep(definition, { tasks });
 * console.log(summary.cells);
 * ```
 *
 * @param file path, relative to the working directory
 * @param options changes to the definition. Default: none
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, USAGE (an option has no effect or contradicts an axis)
 */
export async function loadDefinition(
  file: string,
  options: DefinitionOptions = {},
): Promise<LoadedDefinition> {
  const opened = await open(file);
  const { path, loaded } = opened;
  const input = await inputOf(defaultOf(loaded), options, path);
  const definition = applyOptions(located(defineSweep(input), path), options);
  return { definition, tasks: tasksOf(opened) };
}

/** The paths of users' modules start from the definition's folder. */
function located(definition: SweepDefinition, path: string): SweepDefinition {
  const locate = (reference: MemberReference) => ({
    ...reference,
    module: resolve(dirname(path), reference.module),
  });
  return mapReferences(definition, locate) as SweepDefinition;
}

/** Code of users that a worker must know. */
export interface WorkerCode {
  readonly tasks: readonly Task[];
  readonly members: readonly PinnedMember[];
}

const isWholeSweep = (exported: unknown): exported is SweepInput =>
  typeof exported === 'object' && exported !== null && 'budgets' in exported;

/**
 * Loads the tasks of a file, for a worker that a person starts. If the default export is a sweep, also the members that
 * it names; a function is not called, since its options are not known.
 */
export async function loadWorkerCode(file: string): Promise<WorkerCode> {
  const opened = await open(file);
  const { path, loaded } = opened;
  const tasks = tasksOf(opened);
  const exported = defaultOf(loaded);
  if (!isWholeSweep(exported)) return { tasks, members: [] };
  return { tasks, members: await pinDefinitionMembers(located(defineSweep(exported), path)) };
}

type Define = (options: DefinitionOptions) => unknown;

const isDefine = (exported: unknown): exported is Define => typeof exported === 'function';

async function callDefinition(define: Define, options: DefinitionOptions, path: string): Promise<unknown> {
  try {
    return await define(options);
  } catch (error) {
    throw userFailure(error, path, 'fails');
  }
}
