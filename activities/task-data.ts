import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { BudgetlineError } from '../contracts/failures';
import type { PlannedStage, SpecOf } from '../contracts/stage';
import type { Annotator, Judge, Problem, ProblemSet, Task, TaskContext } from '../contracts/task';
import { canonicalJson, digestOf } from '../planning';
import { isMissing } from '../store';

type TaskSpec = SpecOf<'synthesizeData' | 'evaluate'>;
/** A stage that reads a task's problems. */
export type TaskStage = PlannedStage & { readonly spec: TaskSpec };

/** A task with its problems. */
export interface LoadedTask {
  readonly task: Task;
  readonly problems: ProblemSet;
}

/** Problems by task and data, loaded once a worker process. */
export interface ProblemCache {
  load(stage: Pick<TaskStage, 'files'>, spec: TaskSpec): Promise<LoadedTask>;
}

/** Sets of problems that a worker holds at once. */
const mostSets = 4;

function named<T extends { readonly name: string }>(things: readonly T[], name: string, what: string): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const known = things.map((thing) => thing.name).join(', ');
  throw new BudgetlineError('TASK_UNKNOWN', `This worker knows no ${what} "${name}"; it knows ${known}.`, {
    details: { name },
  });
}

/** The annotator of a task by name: TASK_UNKNOWN. */
export function findAnnotator(task: Task, name: string): Annotator {
  return named(task.annotators, name, `annotator of ${task.name}`);
}

/** A judge of a task by name: TASK_UNKNOWN. */
export function findJudge(task: Task, name: string): Judge {
  return named(task.judges ?? [], name, `judge of ${task.name}`);
}

/** The plan counted on what stands in the key: a worker with other code must not answer in its name. */
export async function assertIdentified(
  source: Pick<Annotator, 'name' | 'identify'>,
  planned: string | undefined,
): Promise<void> {
  const identity = await source.identify?.();
  if ((identity === undefined ? undefined : digestOf(identity)) === planned) return;
  throw new BudgetlineError('TASK_UNKNOWN', `This worker's "${source.name}" is another than the plan's.`, {
    remedy: 'Start the workers again with the code that the run was planned with, or start the run again.',
    details: { name: source.name },
  });
}

async function readPinned(name: string, path: string, digest: string | undefined): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}, which data.${name} names.`, {
      details: { path, field: `data.${name}` },
    });
  });
  if (digest !== undefined && createHash('sha256').update(bytes).digest('hex') !== digest)
    throw new BudgetlineError('DATA_INVALID', `${path} has changed since the run was planned.`, {
      remedy: 'Put the file back as it was, or start the run again: it is planned anew.',
      details: { path, field: `data.${name}` },
    });
  return bytes.toString('utf8');
}

function contextOf(files: Readonly<Record<string, string>>, spec: TaskSpec): TaskContext {
  return {
    async readText(name) {
      const path = files[name];
      if (path === undefined)
        throw new BudgetlineError('DEFINITION_INVALID', `The definition names no file for data.${name}.`);
      return { path, text: await readPinned(name, path, spec.fileDigests[name]) };
    },
  };
}

/** Where the problems are data of files, the spec holds digests where the definition had paths. */
export function createProblemCache(tasks: readonly Task[]): ProblemCache {
  const sets = new Map<string, Promise<ProblemSet>>();
  const remember = (key: string, load: () => Promise<ProblemSet>): Promise<ProblemSet> => {
    const known = sets.get(key) ?? load();
    sets.delete(key);
    sets.set(key, known);
    known.catch(() => sets.delete(key));
    for (const oldest of [...sets.keys()].slice(0, -mostSets)) sets.delete(oldest);
    return known;
  };
  return {
    async load({ files }, spec) {
      const task = named(tasks, spec.task, 'task');
      const key = canonicalJson({ task: spec.task, data: spec.data, files: spec.fileDigests });
      const problems = await remember(key, () => task.load(spec.data, contextOf(files, spec)));
      return { task, problems };
    },
  };
}

/** Problems by their place in the pool. */
export function pick(pool: readonly Problem[], rows: readonly number[]): Problem[] {
  return rows.map((row) => {
    const problem = pool[row];
    if (problem === undefined) throw new RangeError(`the pool has no row ${row}`);
    return problem;
  });
}
