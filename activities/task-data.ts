import { readCode } from '../code';
import { type CodeIdentity, type CodeOrigin, differingCode, type StageCode } from '../core/code';
import { BudgetlineError } from '../core/failures';
import type { PlannedStage } from '../contracts/stage';
import {
  type SpecOf,
  ownName,
  pinnedSource,
  problemFileName,
  type ProblemSource,
  type TaskSource,
} from '../stages';
import type {
  Annotator,
  Judge,
  PreferenceAnnotator,
  Problem,
  ProblemSet,
  Task,
  TaskContext,
} from '../contracts/task';
import { decontaminate, type HeldOutSet, readRecordsFile } from '../ingest';
import { canonicalJson } from '../core/canonical-json';
import { digestOf } from '../core/digest';
import { digestFile } from '../store';

/** Specs with the problems of a task: of data and of evaluations. */
export type TaskSpec = SpecOf<'synthesizeData' | 'evaluate'>;
type Files = PlannedStage['files'];

/** A task with its problems. */
export interface LoadedTask {
  readonly task: Task;
  readonly problems: ProblemSet;
}

/** Caches problems by task and data, for a worker process. */
export interface ProblemCache {
  /** `files` maps the stage's file names to paths on this host. */
  load(files: Files, source: ProblemSource): Promise<LoadedTask>;
}

/** Problem sets in the cache: a task's own and auxiliary ones, for a sweep or two. */
const maxSets = 8;

function findByName<T extends { readonly name: string }>(
  things: readonly T[],
  name: string,
  what: string,
): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const known = things.map((thing) => thing.name).join(', ');
  throw new BudgetlineError('TASK_UNKNOWN', `This worker has no ${what} "${name}"; it has ${known}.`, {
    details: { name },
  });
}

/** Finds an annotator of a task. @throws TASK_UNKNOWN */
export function findAnnotator(task: Task, name: string): Annotator {
  return findByName(task.annotators, name, `annotator of ${task.name}`);
}

/** Finds a preference annotator of a task. @throws TASK_UNKNOWN */
export function findPreferenceAnnotator(task: Task, name: string): PreferenceAnnotator {
  return findByName(task.preferenceAnnotators ?? [], name, `preference annotator of ${task.name}`);
}

/** Finds a judge of a task. @throws TASK_UNKNOWN */
export function findJudge(task: Task, name: string): Judge {
  return findByName(task.judges ?? [], name, `judge of ${task.name}`);
}

const restart = 'Start the workers again with the code of the plan, or start the run again with a new plan.';

/** The key contains the digest of the user's code. A worker with other code must not run the stage. */
export async function assertCode(
  what: string,
  origin: CodeOrigin | undefined,
  planned: CodeIdentity | undefined,
): Promise<void> {
  const code = await readCode(origin);
  const names = differingCode(planned, code?.identity);
  if (names.length === 0) return;
  const message = `This worker's code of ${what} differs from the plan's: ${names.join(', ')}.`;
  throw new BudgetlineError('CODE_DIFFERS', message, { remedy: restart, details: { what, names } });
}

/** The same for a task's verifier. */
export const assertGrading = ({ name, code }: Task, planned: StageCode | undefined): Promise<void> =>
  assertCode(`task ${name}`, code?.grading, planned?.grading);

/** The same for an annotator or judge, including its model and settings. */
export async function assertIdentified(
  source: Pick<Annotator, 'name' | 'identify' | 'code'>,
  planned: { readonly digest: string | undefined; readonly code: CodeIdentity | undefined },
): Promise<void> {
  await assertCode(`"${source.name}"`, source.code, planned.code);
  const identity = await source.identify?.();
  if ((identity === undefined ? undefined : digestOf(identity)) === planned.digest) return;
  throw new BudgetlineError('CODE_DIFFERS', `This worker's "${source.name}" differs from the plan's.`, {
    remedy: restart,
    details: { name: source.name },
  });
}

/** Field of the definition for a stage's file name. Files of the main task are fields of `data`. */
const fieldOf = (called: string): string => (called.includes('.') ? called : `data.${called}`);

/** A file that the plan pins, and the field that names it. */
interface PinnedFile {
  readonly path: string;
  readonly field: string;
  /** Left out: the file is not pinned. */
  readonly digest: string | undefined;
}

/** @throws BudgetlineError INPUT_MISSING, or DATA_INVALID where the file is not the planned one */
export async function assertPinned({ path, field, digest }: PinnedFile): Promise<void> {
  const found = await digestFile(path).catch((error: unknown) => {
    if (!(error instanceof BudgetlineError) || error.code !== 'INPUT_MISSING') throw error;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}, which ${field} names.`, {
      details: { path, field },
    });
  });
  if (digest === undefined || found === digest) return;
  throw new BudgetlineError('DATA_INVALID', `${path} has changed since the run was planned.`, {
    remedy: 'Put the file back as it was, or start the run again with a new plan.',
    details: { path, field },
  });
}

function contextOf(files: Files, source: ProblemSource): TaskContext {
  return {
    async readRecords(name) {
      const called = problemFileName(source, name);
      const path = files[called];
      if (path === undefined)
        throw new BudgetlineError('DEFINITION_INVALID', `The definition has no file for ${fieldOf(called)}.`);
      await assertPinned({ path, field: fieldOf(called), digest: source.fileDigests[name] });
      return readRecordsFile(path);
    },
  };
}

/** Read at start, since files may change while a worker runs. */
function readAllCode(tasks: readonly Task[]): void {
  for (const { code, annotators, preferenceAnnotators = [], judges = [] } of tasks)
    for (const origin of [
      code?.problems,
      code?.grading,
      ...[...annotators, ...preferenceAnnotators, ...judges].map((each) => each.code),
    ])
      readCode(origin).catch(() => undefined);
}

/** For data from files, the source holds digests where the definition has paths. */
export function createProblemCache(tasks: readonly Task[]): ProblemCache {
  readAllCode(tasks);
  const sets = new Map<string, Promise<ProblemSet>>();
  const remember = (key: string, load: () => Promise<ProblemSet>): Promise<ProblemSet> => {
    const known = sets.get(key) ?? load();
    sets.delete(key);
    sets.set(key, known);
    known.catch(() => sets.delete(key));
    for (const oldest of [...sets.keys()].slice(0, -maxSets)) sets.delete(oldest);
    return known;
  };
  return {
    async load(files, source) {
      const task = findByName(tasks, source.task, 'task');
      await assertCode(`task ${task.name}`, task.code?.problems, source.code?.problems);
      const key = canonicalJson({ task: source.task, data: source.data, files: source.fileDigests });
      const problems = await remember(key, () => task.load(source.data, contextOf(files, source)));
      return { task, problems };
    },
  };
}

/** The problems of a stage's main task, unfiltered. */
const loadOwn = (
  cache: ProblemCache,
  files: Files,
  { task, data, fileDigests, code = {} }: TaskSpec,
): Promise<LoadedTask> => cache.load(files, { name: ownName, task, data, fileDigests, code });

/** Test items of auxiliary tasks, which training rows must not overlap. */
export function loadHeldOut(cache: ProblemCache, files: Files, spec: TaskSpec): Promise<HeldOutSet[]> {
  const { heldOut = [] } = 'heldOut' in spec ? spec : {};
  const sets = heldOut.map(async (source) => {
    const { task, problems } = await cache.load(files, pinnedSource(source));
    const templated = source.data.source === 'synthetic';
    return { name: source.name, task, problems: problems.test, templated };
  });
  return Promise.all(sets);
}

/** The problems of a stage's main task, without pool problems that overlap the test items of auxiliary tasks. */
export async function loadTaskProblems(
  cache: ProblemCache,
  files: Files,
  spec: TaskSpec,
): Promise<LoadedTask> {
  const { task, problems } = await loadOwn(cache, files, spec);
  const trained = { task, templated: spec.data.source === 'synthetic' };
  const heldOut = await loadHeldOut(cache, files, spec);
  return { task, problems: decontaminate(problems, { heldOut, trained }).problems };
}

/** The validation problems of a task. */
export async function heldOutProblems(cache: ProblemCache, files: Files, source: TaskSource) {
  const { task, problems } = await cache.load(files, { name: ownName, ...source });
  return { task, problems: problems.validation };
}

/** Number of the task's rows that were excluded, as a metric; empty if none was. */
export function excludedMetric({ excluded }: ProblemSet): { excluded?: number } {
  const count = Object.values(excluded).reduce((sum, each) => sum + each, 0);
  return count === 0 ? {} : { excluded: count };
}

/** Problems by their index in the pool. */
export function pick(pool: readonly Problem[], rows: readonly number[]): Problem[] {
  return rows.map((row) => {
    const problem = pool[row];
    if (problem === undefined) throw new RangeError(`the pool has no row ${row}`);
    return problem;
  });
}
