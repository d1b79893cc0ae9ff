import { resolve } from 'node:path';
import { readCode } from '../code';
import type { CodeByRole } from '../contracts/code';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { ResolvedInputs, Resolved, ResolvedModel, ResolvedSweep } from '../contracts/resolved';
import { parseHubReference } from '../contracts/hub';
import type { IdentifiedSource } from '../contracts/provenance';
import type { Annotator, Judge, ProblemSet, Task } from '../contracts/task';
import { digestOf, ownName, questionSets, variantsOf } from '../planning';
import { describeModel, readModelSize } from '../store';
import type { UserRows } from '../ingest';
import { type PreviewRequest, readUserRowsFor, type ResolvedUserRows, resolveUserRows } from './user-rows';
import { find } from './find';
import { fetchHubModel, type HubOptions } from './hub';
import { embeddedModelPath } from '../host/package-files';
import { assertEnoughItems, type LoadedSet, loadProblems } from './problems';

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

async function resolveModel(name: string, { baseDir, hub }: ModelOptions): Promise<ResolvedModel> {
  const reference = parseHubReference(name);
  const local = (): string => (name === 'embedded' ? embeddedModelPath : resolve(baseDir, name));
  const path = reference === null ? local() : await fetchHubModel(reference, hub);
  const { digest } = await describeModel(path);
  return { name, path, digest, ...(await readModelSize(path)) };
}

/**
 * Rows of a file as the model will see them in the stages of a definition, whether it names the file or not.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID (of the task's own files), DEFINITION_INVALID
 */
export async function previewUserRows(
  definition: AnyDefinition,
  options: Omit<ResolveOptions, 'hub'> & PreviewRequest,
): Promise<UserRows> {
  const { baseDir = process.cwd() } = options;
  const { task, problems, auxiliary } = await loadProblems(definition, options);
  return readUserRowsFor({ definition, task, problems, auxiliary, baseDir }, options);
}

/** Rows that are left out of the files of a task and of those beside it, by reason. */
function excludedOf(
  { excluded }: ProblemSet,
  [, ...auxiliary]: readonly LoadedSet[],
): Record<string, number> {
  const others = auxiliary.flatMap(({ set: { name }, problems }) =>
    Object.entries(problems.excluded).map(([reason, count]) => [`${reason} of ${name}`, count] as const),
  );
  return { ...excluded, ...Object.fromEntries(others) };
}

async function loadInputs(definition: AnyDefinition, options: ResolveOptions) {
  const { baseDir = process.cwd(), hub } = options;
  const model = await resolveModel(definition.model, { baseDir, hub });
  const { files, problems, ...loaded } = await loadProblems(definition, options);
  const excluded = excludedOf(problems, loaded.sets);
  const counts = {
    poolRows: problems.pool.length,
    ...(Object.keys(excluded).length === 0 ? {} : { excluded }),
    ...(problems.partial === undefined ? {} : { partial: problems.partial }),
  };
  return { ...loaded, problems, outside: { model, files, ...counts } };
}

/** What an annotator or judge is, with its place in keys; nothing where its name says it all. */
async function identityOf(source: Annotator | Judge): Promise<IdentifiedSource | undefined> {
  const identity = await source.identify?.();
  return identity === undefined ? undefined : { ...identity, digest: digestOf(identity) };
}

/** The user's own code behind a part of an evaluation. */
async function codeBehind(
  { set, task }: LoadedSet,
  annotator: Annotator | undefined,
): Promise<readonly [string, CodeByRole]> {
  const judge = task.judges?.find(({ name }) => name === set.judge);
  const origins = { ...task.code, annotator: annotator?.code, judge: judge?.code };
  const reading = Object.entries(origins).map(
    async ([role, origin]) => [role, await readCode(origin)] as const,
  );
  const found = (await Promise.all(reading)).filter(([, code]) => code !== undefined);
  return [set.name, Object.fromEntries(found)];
}

async function resolveCode(
  { annotator: name, annotations }: AnyDefinition,
  sets: readonly LoadedSet[],
): Promise<Partial<ResolvedInputs>> {
  const isBought = annotations?.demonstrations === undefined;
  const writes = ({ set, task }: LoadedSet): Annotator | undefined =>
    set.name === ownName && isBought ? find(task.annotators, { name, field: 'annotator' }) : undefined;
  const code = (await Promise.all(sets.map((set) => codeBehind(set, writes(set))))).filter(
    ([, byRole]) => Object.keys(byRole).length > 0,
  );
  return code.length === 0 ? {} : { code: Object.fromEntries(code) };
}

const noSuchJudge =
  'Register the judge by withJudges(task, …) in the tasks of the definition file, or leave the field out: then the task’s own program judges.';

/** Who judges each part of an evaluation, by its name; nobody is told of whom a name says it all, as of a task's own program. */
async function resolveJudges(sets: readonly LoadedSet[]): Promise<Partial<ResolvedInputs>> {
  const identities = sets.map(async ({ set: { name, judge, field }, task: { judges = [] } }) => {
    if (judge === undefined) return [];
    const found = find(judges, { name: judge, field: `${field}.judge`, remedy: noSuchJudge });
    const identity = await identityOf(found);
    return identity === undefined ? [] : [[name, identity] as const];
  });
  const { [ownName]: judge, ...auxiliaryJudges } = Object.fromEntries((await Promise.all(identities)).flat());
  return {
    ...(judge === undefined ? {} : { judge }),
    ...(Object.keys(auxiliaryJudges).length === 0 ? {} : { auxiliaryJudges }),
  };
}

/** Who writes. Rows of a file have an author that no worker needs to know. */
async function resolveAnnotator(
  { annotator: name, annotations }: AnyDefinition,
  { annotators }: Task,
): Promise<Partial<ResolvedInputs>> {
  if (annotations?.demonstrations !== undefined) return {};
  const annotator = await identityOf(find(annotators, { name, field: 'annotator' }));
  return annotator === undefined ? {} : { annotator };
}

type Loaded = Awaited<ReturnType<typeof loadInputs>>;

/** The user's own files, and the tasks beside that their rows or the pool's were held apart from. */
function withUserRows({ outside, heldOut }: Loaded, given: ResolvedUserRows | undefined): ResolvedInputs {
  const met = [...new Set([...heldOut, ...(given?.heldOut ?? [])])].sort();
  return {
    ...outside,
    ...(met.length === 0 ? {} : { heldOut: met }),
    ...(given === undefined ? {} : { files: { ...outside.files, ...given.files }, userRows: given.rows }),
  };
}

/** Reads what definitions take from outside; those that take the same read it once. */
function createResolver(options: ResolveOptions): (definition: AnyDefinition) => Promise<ResolvedInputs> {
  const known = new Map<string, Promise<Loaded>>();
  const { baseDir = process.cwd() } = options;
  return async (definition) => {
    const sources = questionSets(definition).map(({ name, task, data }) => ({ name, task, data }));
    const key = JSON.stringify([sources, definition.model]);
    const loading = known.get(key) ?? loadInputs(definition, options);
    known.set(key, loading);
    const loaded = await loading;
    const { task, problems, auxiliary } = loaded;
    const sets = questionSets(definition).map((set, at) => ({ ...loaded.sets[at]!, set }));
    sets.forEach(assertEnoughItems);
    const sourced = {
      ...(await resolveAnnotator(definition, task)),
      ...(await resolveJudges(sets)),
      ...(await resolveCode(definition, sets)),
    };
    const given = await resolveUserRows({ definition, task, problems, auxiliary, baseDir });
    return { ...withUserRows(loaded, given), ...sourced };
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
  const variants: ResolvedInputs[] = [];
  for (const variant of variantsOf(definition)) variants.push(await resolve(variant.definition));
  const [first] = variants as [ResolvedInputs, ...ResolvedInputs[]];
  return { definition, ...first, variants };
}
