import { readCode } from '../code';
import type { CodeByRole, UserCode } from '../core/code';
import type { SweepDefinition } from '../schemas/definition';
import type { ResolvedInputs, Resolved, ResolvedModel, ResolvedSweep } from '../contracts/resolved';
import type { PinnedMember } from '../core/members';
import { parseHubReference } from '../core/hub';
import type { IdentifiedSource } from '../contracts/provenance';
import type { Annotator, PreferenceAnnotator, ProblemSet, Task } from '../contracts/task';
import { variantsOf } from '../planning';
import { digestOf, modelDigest } from '../core/digest';
import { ownName, questionSets } from '../stages';
import { describeModel, readModelPositions, readModelSize } from '../store';
import { type ResolvedUserRows, resolveUserRows, type UserFile } from './user-rows';
import { find } from './find';
import { localModelPath } from './local-model';
import { findLong, lengthChecks } from './lengths';
import { assertLoraTargets } from './lora-targets';
import { resolveLoss } from './loss';
import { pinFamily, createPinning } from './members';
import { fetchHubModel, type HubOptions } from './hub';
import {
  type AnyDefinition,
  assertEnoughItems,
  assertValidation,
  type LoadedSet,
  loadProblems,
} from './problems';
import { judgeTrials, seedOf, type TaskTrial, type Tried, tryTasks } from './trial';

export interface ResolveOptions {
  /** Tasks registered with the workers; the definition's task, annotator and judges must be among them. */
  readonly tasks: readonly Task[];
  /** Folder that relative paths in the definition start from. Default: the working directory. */
  readonly baseDir?: string;
  /** Endpoint, cache and progress callback of the Hugging Face hub. */
  readonly hub?: HubOptions;
}

type ModelOptions = { readonly baseDir: string; readonly hub: HubOptions | undefined };

/** A definition with its inputs pinned; for a sweep with axes, those of every variant. */
type ResolvedOf<D> = Resolved<D> & (D extends SweepDefinition ? Pick<ResolvedSweep, 'variants'> : object);

async function resolveModel(
  { model: name, family: reference }: AnyDefinition,
  { baseDir, hub }: ModelOptions,
): Promise<{ model: ResolvedModel; family: PinnedMember | undefined }> {
  const family = reference && (await pinFamily(reference, baseDir));
  const hosted = parseHubReference(name);
  const path = hosted === null ? localModelPath(name, baseDir) : await fetchHubModel(hosted, hub);
  const { digest: files } = await describeModel(path);
  const digest = modelDigest(files, family);
  return { model: { name, path, digest, ...(await readModelSize(path)) }, family };
}

/** Rows excluded from the files of the task and of auxiliary tasks, by reason. */
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
  const { model, family } = await resolveModel(definition, { baseDir, hub });
  const loaded = await loadProblems(definition, options);
  const { files, problems } = loaded;
  const excluded = excludedOf(problems, loaded.sets);
  const counts = {
    poolRows: problems.pool.length,
    excluded: Object.keys(excluded).length === 0 ? undefined : excluded,
  };
  return { ...loaded, inputs: { model, files, members: family && { family }, ...counts } };
}

/** The identity of an annotator or judge, with its digest for keys; undefined where the name is enough. */
async function identityOf(source: Pick<Annotator, 'identify'>): Promise<IdentifiedSource | undefined> {
  const identity = await source.identify?.();
  return identity === undefined ? undefined : { ...identity, digest: digestOf(identity) };
}

/** Those who make the rows of the main task. */
interface RowMakers {
  readonly annotator?: Annotator;
  readonly preferenceAnnotator?: PreferenceAnnotator;
}

/** The user's code behind a question set, by role. */
async function codeBehind(
  { set, task }: LoadedSet,
  { annotator, preferenceAnnotator }: RowMakers,
): Promise<readonly [string, CodeByRole]> {
  const judge = task.judges?.find(({ name }) => name === set.judge);
  const origins = {
    ...task.code,
    annotator: annotator?.code,
    preferenceAnnotator: preferenceAnnotator?.code,
    judge: judge?.code,
  };
  const reading = Object.entries(origins).map(
    async ([role, origin]) => [role, await readCode(origin)] as const,
  );
  const found = (await Promise.all(reading)).filter(([, code]) => code !== undefined);
  return [set.name, Object.fromEntries(found)];
}

async function resolveCode(
  makers: RowMakers,
  sets: readonly LoadedSet[],
  loss: UserCode | undefined,
): Promise<Partial<ResolvedInputs>> {
  const bySet = await Promise.all(
    sets.map((loaded) => codeBehind(loaded, loaded.set.name === ownName ? makers : {})),
  );
  const code = bySet
    .map(
      ([name, byRole]) =>
        [name, name === ownName && loss !== undefined ? { ...byRole, loss } : byRole] as const,
    )
    .filter(([, byRole]) => Object.keys(byRole).length > 0);
  return code.length === 0 ? {} : { code: Object.fromEntries(code) };
}

const noSuchJudge =
  'Register the judge with withJudges(task, …) in the tasks of the definition file, or leave the field out to use the task’s own program.';

/** Identities of the judges by question set. Judges without one, such as a task's own program, are left out. */
async function resolveJudges(sets: readonly LoadedSet[]): Promise<Partial<ResolvedInputs>> {
  const identities = sets.map(async ({ set: { name, judge, field }, task: { judges = [] } }) => {
    if (judge === undefined) return [];
    const found = find(judges, { name: judge, field: `${field}.judge`, remedy: noSuchJudge });
    const identity = await identityOf(found);
    return identity === undefined ? [] : [[name, identity] as const];
  });
  const { [ownName]: judge, ...auxiliaryJudges } = Object.fromEntries((await Promise.all(identities)).flat());
  return {
    judge,
    auxiliaryJudges: Object.keys(auxiliaryJudges).length === 0 ? undefined : auxiliaryJudges,
  };
}

const noSuchPreferenceAnnotator =
  'Register it with withPreferenceAnnotators(task, …) in the tasks of the definition file, or leave the field out: the task’s verifier then decides.';

/** Who makes the rows. User rows need no registered annotator. */
function findRowMakers(
  { annotator: name, pairs, annotations }: AnyDefinition,
  { annotators, preferenceAnnotators = [] }: Task,
): RowMakers {
  const labels = { name: pairs.annotator ?? '', field: 'pairs.annotator', remedy: noSuchPreferenceAnnotator };
  return {
    annotator:
      annotations?.demonstrations === undefined ? find(annotators, { name, field: 'annotator' }) : undefined,
    preferenceAnnotator: pairs.annotator === undefined ? undefined : find(preferenceAnnotators, labels),
  };
}

/** Identities of those who make the rows. */
async function identifyRowMakers({ annotator, preferenceAnnotator }: RowMakers) {
  return {
    annotator: annotator && (await identityOf(annotator)),
    preferenceAnnotator: preferenceAnnotator && (await identityOf(preferenceAnnotator)),
  };
}

type Loaded = Awaited<ReturnType<typeof loadInputs>>;

/** Adds files of user rows, and the auxiliary tasks that user rows or pool problems overlapped. */
function withUserRows({ inputs, heldOut }: Loaded, userRows: ResolvedUserRows | undefined): ResolvedInputs {
  const overlapping = [...new Set([...heldOut, ...(userRows?.heldOut ?? [])])].sort();
  return {
    ...inputs,
    heldOut: overlapping.length === 0 ? undefined : overlapping,
    files: { ...inputs.files, ...userRows?.files },
    userRows: userRows?.rows,
    unusedColumns: userRows?.unused,
  };
}

/** The inputs of a definition, and the trials of its tasks. */
interface TriedInputs {
  readonly inputs: ResolvedInputs;
  readonly trials: readonly TaskTrial[];
  /** Texts longer than a limit, one sentence for each limit. */
  readonly lengths: readonly string[];
  readonly userFiles: readonly UserFile[];
}

/** Resolves inputs; definitions with the same model and data load them once, and try their tasks once. */
function createResolver(options: ResolveOptions): (definition: AnyDefinition) => Promise<TriedInputs> {
  const known = new Map<string, Promise<Loaded>>();
  const tried = new Map<string, Tried>();
  const { baseDir = process.cwd() } = options;
  const pin = createPinning(baseDir);
  return async (definition) => {
    const sources = questionSets(definition).map(({ name, task, data }) => ({ name, task, data }));
    const seed = seedOf(definition);
    const key = JSON.stringify([sources, definition.model, definition.family]);
    const trialKey = JSON.stringify([sources, seed]);
    const loading = known.get(key) ?? loadInputs(definition, options);
    known.set(key, loading);
    const loaded = await loading;
    const { task, problems, auxiliary } = loaded;
    assertLoraTargets(definition, loaded.inputs.model);
    const sets = questionSets(definition).map((set, at) => ({ ...loaded.sets[at]!, set }));
    sets.forEach(assertEnoughItems);
    assertValidation(definition, sets[0]!);
    const trial = tried.get(trialKey) ?? tryTasks(loaded, seed);
    tried.set(trialKey, trial);
    const trials = judgeTrials(trial, loaded, definition);
    const pinned = await resolveLoss(definition.preference.loss, baseDir);
    const loss = pinned?.loss;
    const makers = findRowMakers(definition, task);
    const identities = {
      ...(await identifyRowMakers(makers)),
      ...(await resolveJudges(sets)),
      ...(await resolveCode(makers, sets, pinned?.code)),
      loss,
    };
    const userRows = await resolveUserRows({ definition, task, problems, auxiliary, baseDir, loss });
    const { path: model } = loaded.inputs.model;
    const files = userRows?.read ?? [];
    const positions = await readModelPositions(model);
    const checks = lengthChecks(definition, { loaded, sets, tried: trial.answers, files, positions });
    const { warnings: lengths } = await findLong(checks, model);
    const userFiles = files.map((file) => ({ ...file, rows: file.rows.length }));
    const { members, ...inputs } = withUserRows(loaded, userRows);
    const own = await pin(definition);
    const all = members || own ? { ...members, ...own } : undefined;
    return { inputs: { ...inputs, ...identities, members: all }, trials, lengths, userFiles };
  };
}

/** A resolved definition, and the trials of its tasks, each once. */
export interface TriedDefinition<D extends AnyDefinition> {
  readonly resolved: ResolvedOf<D>;
  readonly trials: readonly TaskTrial[];
  /** Rows, prompts and reference answers longer than a limit, one sentence for each limit. */
  readonly lengths: readonly string[];
  /** Files of user rows, each once. */
  readonly userFiles: readonly UserFile[];
}

const distinct = <T>(all: readonly T[]): T[] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
];

/**
 * Resolves a definition, and tries its tasks.
 *
 * @throws BudgetlineError as `resolveDefinition`
 */
export async function tryDefinition<D extends AnyDefinition>(
  definition: D,
  options: ResolveOptions,
): Promise<TriedDefinition<D>> {
  const resolve = createResolver(options);
  if (!('axes' in definition) || definition.axes === undefined) {
    const { inputs, ...found } = await resolve(definition);
    return { resolved: { definition, ...inputs }, ...found };
  }
  const variants: TriedInputs[] = [];
  for (const variant of variantsOf(definition)) variants.push(await resolve(variant.definition));
  const [first] = variants as [TriedInputs, ...TriedInputs[]];
  return {
    resolved: { definition, ...first.inputs, variants: variants.map(({ inputs }) => inputs) },
    trials: distinct(variants.flatMap(({ trials }) => trials)),
    lengths: distinct(variants.flatMap(({ lengths }) => lengths)),
    userFiles: distinct(variants.flatMap(({ userFiles }) => userFiles)),
  };
}

/**
 * Pins a definition's inputs by content: base model, data files, annotators, judges and user code, and counts the pool. For
 * a sweep with axes, does so for every variant. Problems are loaded, so malformed rows are reported here by file and line.
 * Tasks are tried: reference answers and program annotators answer some items, and the verifier scores them.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, TASK_FAULTY, DATA_INVALID, DEFINITION_INVALID
 */
export async function resolveDefinition<D extends AnyDefinition>(
  definition: D,
  options: ResolveOptions,
): Promise<ResolvedOf<D>> {
  return (await tryDefinition(definition, options)).resolved;
}
