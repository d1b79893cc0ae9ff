import { statSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { packageRoot } from '../../host/package-files';
import type { SweepDefinition, SweepInput } from '../../schemas/definition';
import { withOrigin } from '../../contracts/code';
import { BudgetlineError } from '../../contracts/failures';
import type { Task } from '../../contracts/task';
import { defineSweep } from '../../definitions';
import { applyOptions, type DefinitionOptions } from './definition-options';

type Loaded = Readonly<Record<string, unknown>>;

function assertFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, {
    remedy: 'Name the file whose default export is a sweep: budgetline run examples/first-sweep.ts',
    details: { path },
  });
}

interface Resolving {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

/** Resolves 'budgetline' to this package for files whose project has not installed it. */
function provideOwnPackage(): void {
  const modules = Module as unknown as Resolving;
  const resolveFilename = modules._resolveFilename.bind(modules);
  modules._resolveFilename = (request, ...rest) => {
    try {
      return resolveFilename(request, ...rest);
    } catch (error) {
      if (request !== 'budgetline') throw error;
      return createRequire(packageRoot + '/').resolve('./dist/index.js');
    }
  };
}

let registered = false;

/** Once per process: a second registration would compile the output of the first. */
async function registerTypeScript(): Promise<void> {
  if (registered) return;
  registered = true;
  const { register } = await import('ts-node');
  register({
    transpileOnly: true,
    skipProject: true,
    // The file runs as CommonJS, also in a project with "type": "module".
    moduleTypes: { '**': 'cjs' },
    cwd: '/',
    compilerOptions: {
      target: 'es2022',
      module: 'commonjs',
      moduleResolution: 'node10',
      esModuleInterop: true,
      resolveJsonModule: true,
    },
  });
}

async function loadTypeScript(path: string): Promise<Loaded> {
  await registerTypeScript();
  return createRequire(path)(path) as Loaded;
}

async function loadJavaScript(path: string): Promise<Loaded> {
  return (await import(pathToFileURL(path).href)) as Loaded;
}

/** The message, without the stack, the compiler's heading and colours. */
function reasonOf(error: unknown): string {
  const compiler = diagnosticOf(error);
  if (compiler !== undefined) return compiler.replace(/^.*?: error /, '');
  if (!(error instanceof Error)) return String(error);
  return `${error.name}: ${error.message.split('\n')[0] ?? ''}`;
}

/** "sweep.ts(12,5): error TS1005: ',' expected."; undefined if the error is not the compiler's. */
function diagnosticOf(error: unknown): string | undefined {
  const text = (error as { diagnosticText?: unknown } | null)?.diagnosticText;
  return typeof text === 'string' ? stripVTControlCharacters(text).trim().split('\n')[0] : undefined;
}

function isCoded(error: unknown): boolean {
  return error instanceof Error && error.name === 'BudgetlineError';
}

/** The file, with the line if the compiler or the error's stack has one. */
function placeOf(error: unknown, path: string): string {
  const diagnosed = /\((\d+),\d+\)/.exec(diagnosticOf(error) ?? '')?.[1];
  if (diagnosed !== undefined) return `${path}:${diagnosed}`;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.indexOf(`${path}:`);
  const line = /^\d+/.exec(stack.slice(at + path.length + 1))?.[0];
  return at < 0 || line === undefined ? path : `${path}:${line}`;
}

async function loadModule(path: string): Promise<Loaded> {
  const extension = extname(path);
  try {
    provideOwnPackage();
    if (extension === '.ts' || extension === '.cts') return await loadTypeScript(path);
    return await loadJavaScript(path);
  } catch (error) {
    if (isCoded(error)) throw error;
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `${placeOf(error, path)} cannot be loaded: ${reasonOf(error)}`,
      { remedy: 'Correct the file; its default export is a sweep definition.', cause: error },
    );
  }
}

/** `export default` of TypeScript and ES modules; `module.exports =` of CommonJS, wrapped once or twice. */
function defaultOf(loaded: Loaded): unknown {
  const first = 'default' in loaded ? loaded['default'] : undefined;
  const wrapped = typeof first === 'object' && first !== null && '__esModule' in first;
  return wrapped ? (first as { default?: unknown }).default : first;
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
  const origin = { stack: `    at ${path}:1:1`, exported: 'tasks' };
  return withOrigin(task, { problems: origin, grading: origin });
}

function tasksOf(loaded: Loaded, path: string): readonly Task[] {
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
  const path = resolve(file);
  assertFile(path);
  return tasksOf(await loadModule(path), path);
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
 * tasks.
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
  const path = resolve(file);
  assertFile(path);
  const loaded = await loadModule(path);
  const input = await inputOf(defaultOf(loaded), options, path);
  return { definition: applyOptions(defineSweep(input), options), tasks: tasksOf(loaded, path) };
}

type Define = (options: DefinitionOptions) => unknown;

const isDefine = (exported: unknown): exported is Define => typeof exported === 'function';

async function callDefinition(define: Define, options: DefinitionOptions, path: string): Promise<unknown> {
  try {
    return await define(options);
  } catch (error) {
    if (isCoded(error)) throw error;
    throw new BudgetlineError('DEFINITION_INVALID', `${placeOf(error, path)} fails: ${reasonOf(error)}`, {
      remedy: 'Correct the file; its default export returns a sweep definition.',
      cause: error,
    });
  }
}
