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

/** A file outside of any project that has the package installed is given this one. */
function lendPackage(): void {
  const modules = Module as unknown as Resolving;
  const resolveAsEver = modules._resolveFilename.bind(modules);
  modules._resolveFilename = (request, ...rest) => {
    try {
      return resolveAsEver(request, ...rest);
    } catch (error) {
      if (request !== 'budgetline') throw error;
      return createRequire(packageRoot + '/').resolve('./dist/index.js');
    }
  };
}

let registered = false;

/** Once a process: each further time would compile what the last one has compiled. */
async function registerTypeScript(): Promise<void> {
  if (registered) return;
  registered = true;
  const { register } = await import('ts-node');
  register({
    transpileOnly: true,
    skipProject: true,
    // A project that says "type": "module" may hold the file; it is run as CommonJS all the same.
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

/** What is wrong, without the stack, the compiler's heading and its paint. */
function reasonOf(error: unknown): string {
  const compiler = diagnosticOf(error);
  if (compiler !== undefined) return compiler.replace(/^.*?: error /, '');
  if (!(error instanceof Error)) return String(error);
  return `${error.name}: ${error.message.split('\n')[0] ?? ''}`;
}

/** "sweep.ts(12,5): error TS1005: ',' expected.", where TypeScript could not read the file. */
function diagnosticOf(error: unknown): string | undefined {
  const text = (error as { diagnosticText?: unknown } | null)?.diagnosticText;
  return typeof text === 'string' ? stripVTControlCharacters(text).trim().split('\n')[0] : undefined;
}

function isCoded(error: unknown): boolean {
  return error instanceof Error && error.name === 'BudgetlineError';
}

/** The file, and the line where the compiler or the error's stack tells one. */
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
    lendPackage();
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

/** `export default` of TypeScript and ES modules; `module.exports =` of CommonJS, once or twice wrapped. */
function defaultOf(loaded: Loaded): unknown {
  const first = 'default' in loaded ? loaded['default'] : undefined;
  const wrapped = typeof first === 'object' && first !== null && '__esModule' in first;
  return wrapped ? (first as { default?: unknown }).default : first;
}

/** What a definition file holds. */
export interface LoadedDefinition {
  readonly definition: SweepDefinition;
  /** The user's own tasks, from its export `tasks`. */
  readonly tasks: readonly Task[];
}

const isTask = (value: unknown): value is Task =>
  typeof value === 'object' && value !== null && 'name' in value && 'load' in value && 'score' in value;

/** A task that no call of ours defined is what the file's export can reach. */
function withExport(task: Task, path: string): Task {
  const origin = { stack: `    at ${path}:1:1`, exported: 'tasks' };
  return withOrigin(task, { problems: origin, grading: origin });
}

function tasksOf(loaded: Loaded, path: string): readonly Task[] {
  const tasks = loaded['tasks'] ?? [];
  if (Array.isArray(tasks) && tasks.every(isTask)) return tasks.map((task) => withExport(task, path));
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `The export "tasks" of ${relative(process.cwd(), path)} is no list of tasks.`,
    { remedy: 'Write: export const tasks = [defineTask({ … })];', details: { path } },
  );
}

/** Tasks that a file exports by the name `tasks`, for a worker. */
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
 * Loads a TypeScript or JavaScript file whose default export is a sweep definition, or a function from options to one,
 * and applies the options. Its export `tasks`, where there is one, holds the user's own tasks.
 *
 * @example
 * ```ts
 * const { definition, tasks } = await loadDefinition('examples/first-sweep.ts', { budgets: [64] });
 * const { summary } = await planSweep(definition, { tasks });
 * console.log(summary.cells);
 * ```
 *
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
      remedy: 'Correct the file; its default export makes a sweep definition.',
      cause: error,
    });
  }
}
