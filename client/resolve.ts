import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type {
  ExperimentDefinition,
  Outside,
  Resolved,
  ResolvedFiles,
  ResolvedModel,
  ResolvedSweep,
  SweepDefinition,
} from '../contracts/definition';
import { BudgetlineError } from '../contracts/failures';
import { parseHubReference } from '../contracts/hub';
import type { IdentifiedSource } from '../contracts/provenance';
import type { Annotator, Judge, ProblemSet, Task, TaskContext } from '../contracts/task';
import { digestOf, variantsOf } from '../planning';
import { digestFile, digestFolder } from '../store';
import type { GivenRows } from '../ingest';
import { type PreviewRequest, readGivenFor, type ResolvedGiven, resolveGiven } from './given';
import { fetchHubModel, isModelFile, type HubOptions } from './hub';
import { readModelSize } from './model-size';
import { embeddedModelPath } from './package-files';

export interface ResolveOptions {
  /** Tasks that the workers know: the definition's task and annotator must be among them. */
  readonly tasks: readonly Task[];
  /** Folder that relative paths in the definition start from; the working directory unless told. */
  readonly baseDir?: string;
  /** Where models of the hub are asked for and kept, and who is told of their arrival. */
  readonly hub?: HubOptions;
}

type ModelOptions = { readonly baseDir: string; readonly hub: HubOptions | undefined };

type AnyDefinition = ExperimentDefinition | SweepDefinition;

/** A definition with what it takes from outside; of a sweep with axes, at every place on them. */
type ResolvedOf<D> = Resolved<D> & (D extends SweepDefinition ? Pick<ResolvedSweep, 'variants'> : object);

function find<T extends { readonly name: string }>(things: readonly T[], name: string, field: string): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const known = things.map((thing) => `"${thing.name}"`).join(', ');
  throw new BudgetlineError('TASK_UNKNOWN', `${field} is "${name}"; there are ${known}.`, {
    remedy: `Use one of these names, or register the ${field} with the workers.`,
    details: { field, name },
  });
}

async function resolveModel(name: string, { baseDir, hub }: ModelOptions): Promise<ResolvedModel> {
  const reference = parseHubReference(name);
  if (reference !== null) {
    const path = await fetchHubModel(reference, hub);
    // Other programs keep more of a repository in the same snapshot; a model is the same with and without.
    return { name, path, digest: await digestFolder(path, isModelFile), ...(await readModelSize(path)) };
  }
  const path = name === 'embedded' ? embeddedModelPath : resolve(baseDir, name);
  const digest = path.endsWith('.gguf') ? await digestFile(path) : await digestFolder(path);
  return { name, path, digest, ...(await readModelSize(path)) };
}

function pathOf(definition: AnyDefinition, name: string): string {
  const { data } = definition;
  const path = (data as unknown as Record<string, unknown>)[name];
  if (typeof path === 'string') return path;
  throw new BudgetlineError('DEFINITION_INVALID', `data.${name} names no file.`, {
    details: { field: `data.${name}` },
  });
}

async function resolveFile(definition: AnyDefinition, name: string, baseDir: string) {
  const path = resolve(baseDir, pathOf(definition, name));
  try {
    return { path, digest: await digestFile(path) };
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    throw new BudgetlineError(error.code, `data.${name}: ${error.message}`, {
      remedy: error.remedy,
      details: { field: `data.${name}`, path },
      cause: error,
    });
  }
}

async function resolveFiles(definition: AnyDefinition, task: Task, baseDir: string): Promise<ResolvedFiles> {
  const names = task.fileNames(definition.data);
  const entries = names.map(async (name) => [name, await resolveFile(definition, name, baseDir)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function contextOf(files: ResolvedFiles): TaskContext {
  return {
    async readText(name) {
      const path = files[name]?.path ?? '';
      return { path, text: await readFile(path, 'utf8') };
    },
  };
}

function assertEnoughItems({ evaluation }: AnyDefinition, { test }: ProblemSet): void {
  if (evaluation.items <= test.length) return;
  const message = `evaluation.items is ${evaluation.items}; the test set has ${test.length} items.`;
  throw new BudgetlineError('DEFINITION_INVALID', message, { details: { field: 'evaluation.items' } });
}

async function loadProblems(
  definition: AnyDefinition,
  { tasks, baseDir = process.cwd() }: Omit<ResolveOptions, 'hub'>,
) {
  const task = find(tasks, definition.task, 'task');
  const files = await resolveFiles(definition, task, baseDir);
  return { task, files, problems: await task.load(definition.data, contextOf(files)) };
}

/**
 * Rows of a file as the model will see them in the stages of a definition, whether it names the file or not.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID (of the task's own files), DEFINITION_INVALID
 */
export async function previewGiven(
  definition: AnyDefinition,
  options: Omit<ResolveOptions, 'hub'> & PreviewRequest,
): Promise<GivenRows> {
  const { baseDir = process.cwd() } = options;
  const { task, problems } = await loadProblems(definition, options);
  return readGivenFor({ definition, task, problems, baseDir }, options);
}

async function loadOutside(definition: AnyDefinition, options: ResolveOptions) {
  const { baseDir = process.cwd(), hub } = options;
  const model = await resolveModel(definition.model, { baseDir, hub });
  const { task, files, problems } = await loadProblems(definition, options);
  return { task, problems, outside: { model, files, poolRows: problems.pool.length } };
}

/** What an annotator or judge is, with its place in keys; nothing where its name says it all. */
async function identityOf(source: Annotator | Judge): Promise<IdentifiedSource | undefined> {
  const identity = await source.identify?.();
  return identity === undefined ? undefined : { ...identity, digest: digestOf(identity) };
}

/** Who writes and who judges. Rows of a file have an author that no worker needs to know. */
async function resolveSources(
  definition: AnyDefinition,
  task: Task,
  tasks: readonly Task[],
): Promise<Partial<Outside>> {
  const { annotator, annotations, evaluation } = definition;
  const writes =
    annotations?.demonstrations === undefined ? find(task.annotators, annotator, 'annotator') : null;
  for (const beside of evaluation.beside ?? []) find(tasks, beside.task, 'evaluation.beside: task');
  const judges = evaluation.judge === undefined ? null : find(task.judges ?? [], evaluation.judge, 'judge');
  const [writer, judge] = await Promise.all([writes && identityOf(writes), judges && identityOf(judges)]);
  return {
    ...(writer === null || writer === undefined ? {} : { annotator: writer }),
    ...(judge === null || judge === undefined ? {} : { judge }),
  };
}

function withGiven(outside: Outside, given: ResolvedGiven | undefined): Outside {
  if (given === undefined) return outside;
  return { ...outside, files: { ...outside.files, ...given.files }, givenRows: given.rows };
}

/** Reads what definitions take from outside; those that take the same read it once. */
function createResolver(options: ResolveOptions): (definition: AnyDefinition) => Promise<Outside> {
  const known = new Map<string, ReturnType<typeof loadOutside>>();
  const { baseDir = process.cwd() } = options;
  return async (definition) => {
    const source = JSON.stringify([definition.task, definition.data, definition.model]);
    const loading = known.get(source) ?? loadOutside(definition, options);
    known.set(source, loading);
    const { task, problems, outside } = await loading;
    assertEnoughItems(definition, problems);
    const sources = await resolveSources(definition, task, options.tasks);
    const given = await resolveGiven({ definition, task, problems, baseDir });
    return { ...withGiven(outside, given), ...sources };
  };
}

/**
 * Pins what a definition takes from outside by its content: base model, data files, the size of the pool; of a sweep
 * with axes, at every place on them. Problems are read once, so that a malformed row is met here, by file and line.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID, DEFINITION_INVALID
 */
export async function resolveDefinition<D extends AnyDefinition>(
  definition: D,
  options: ResolveOptions,
): Promise<ResolvedOf<D>> {
  const resolve = createResolver(options);
  if (!('axes' in definition)) return { definition, ...(await resolve(definition)) };
  const variants: Outside[] = [];
  for (const variant of variantsOf(definition)) variants.push(await resolve(variant.definition));
  const [first] = variants as [Outside, ...Outside[]];
  return { definition, ...first, variants };
}
