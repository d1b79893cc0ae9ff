import { resolve } from 'node:path';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import { splitOf } from '../contracts/evaluation-split';
import type { ResolvedFiles } from '../contracts/resolved';
import { BudgetlineError } from '../core/failures';
import type { ProblemSet, Task, TaskContext } from '../contracts/task';
import { failureWords, isCoded } from '../code/user-failure';
import { decontaminate, type HeldOutSet, readRecordsFile } from '../ingest';
import { ownName, problemFileName, type QuestionSet, questionSets } from '../stages';
import { digestFile } from '../store';
import { find } from './find';
import { inField } from './in-field';
import { makeWithin } from './make-within';

export type AnyDefinition = ExperimentDefinition | SweepDefinition;

export interface LoadOptions {
  readonly tasks: readonly Task[];
  /** Folder that relative paths start from. Default: the working directory. */
  readonly baseDir?: string;
}

/** A question set of an evaluation with its task, problems and files. */
export interface LoadedSet {
  readonly set: QuestionSet;
  readonly task: Task;
  readonly problems: ProblemSet;
  readonly files: ResolvedFiles;
}

/** The definition's field with a set's data source. */
const dataField = ({ name, field }: QuestionSet): string => (name === ownName ? 'data' : `${field}.data`);

function pathOf({ data, ...set }: QuestionSet, name: string): string {
  const path = (data as unknown as Record<string, unknown>)[name];
  if (typeof path === 'string') return path;
  const field = `${dataField({ data, ...set })}.${name}`;
  throw new BudgetlineError('DEFINITION_INVALID', `${field} names no file.`, { details: { field } });
}

async function resolveFile(set: QuestionSet, name: string, baseDir: string) {
  const path = resolve(baseDir, pathOf(set, name));
  try {
    return { path, digest: await digestFile(path) };
  } catch (error) {
    throw inField(`${dataField(set)}.${name}`, error);
  }
}

async function resolveFiles(set: QuestionSet, task: Task, baseDir: string): Promise<ResolvedFiles> {
  const entries = task
    .fileNames(set.data)
    .map(async (name) => [name, await resolveFile(set, name, baseDir)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function contextOf({ name: task }: Task, files: ResolvedFiles): TaskContext {
  return {
    run: (make) => makeWithin(task, make),
    readRecords: (name) => readRecordsFile(files[name]?.path ?? ''),
  };
}

/** The error of a task whose code throws while its problems are made. */
const unmade = ({ name }: Task, error: unknown): BudgetlineError =>
  new BudgetlineError(
    'TASK_FAULTY',
    `Task ${name} fails while its problems are made: ${failureWords(error)}`,
    {
      details: { task: name },
      cause: error,
    },
  );

/** Every problem is compared with held-out ones by these, here and in the stages. */
function tryComparedTexts(task: Task, { pool, validation, test }: ProblemSet): void {
  makeWithin(task.name, (call) => {
    for (const problem of [...pool, ...validation, ...test]) {
      call('leakageText', problem, () => task.leakageText?.(problem));
      call('dedupKey', problem, () => task.dedupKey?.(problem));
    }
  });
}

/** Errors of the trained task name their field themselves; for an auxiliary task it is added. */
async function readProblems(set: QuestionSet, task: Task, files: ResolvedFiles): Promise<ProblemSet> {
  try {
    const problems = await task.load(set.data, contextOf(task, files));
    tryComparedTexts(task, problems);
    return problems;
  } catch (failure) {
    const error = isCoded(failure) ? failure : unmade(task, failure);
    throw set.name === ownName ? error : inField(set.field, error);
  }
}

async function loadSet(
  set: QuestionSet,
  { tasks, baseDir = process.cwd() }: LoadOptions,
): Promise<LoadedSet> {
  const task = find(tasks, { name: set.task, field: set.name === ownName ? 'task' : `${set.field}.task` });
  const files = await resolveFiles(set, task, baseDir);
  const problems = await readProblems(set, task, files);
  const named = Object.entries(files).map(([name, file]) => [problemFileName(set, name), file] as const);
  return { set, task, problems, files: Object.fromEntries(named) };
}

/** @throws BudgetlineError DEFINITION_INVALID where an evaluation asks for more items than the test set has */
export function assertEnoughItems({ set, problems: { test } }: LoadedSet): void {
  if (set.items <= test.length) return;
  const field = `${set.field}.items`;
  const message = `${field} is ${set.items}; the test set has ${test.length} items.`;
  throw new BudgetlineError('DEFINITION_INVALID', message, { details: { field } });
}

/** @throws BudgetlineError DEFINITION_INVALID where cells are compared on validation items that are not there */
export function assertValidation(definition: AnyDefinition, { problems: { validation } }: LoadedSet): void {
  const { data, evaluation } = definition;
  if (splitOf(definition) === 'test') return;
  const needed = Math.min(evaluation.items, data.validation);
  if (needed > 0 && needed <= validation.length) return;
  const field = data.validation === 0 ? 'evaluation.split' : 'data.validation';
  const message =
    data.validation === 0
      ? 'evaluation.split is "validation", and data.validation is 0.'
      : `data.validation is ${data.validation}; the validation set has ${validation.length} items.`;
  throw new BudgetlineError('DEFINITION_INVALID', message, {
    remedy: 'Hold back problems by data.validation, or compare cells on test items: evaluation.split "test".',
    details: { field },
  });
}

/** All problems of a definition: those of the trained task and of auxiliary tasks. */
export interface LoadedProblems extends Pick<LoadedSet, 'task' | 'problems' | 'files'> {
  readonly sets: readonly [LoadedSet, ...LoadedSet[]];
  /** Test items of auxiliary tasks, which training rows must not overlap. */
  readonly auxiliary: readonly HeldOutSet[];
  /** Names of the auxiliary tasks that pool problems were removed for. */
  readonly heldOut: readonly string[];
}

const heldOutSet = ({ set, task, problems }: LoadedSet): HeldOutSet => ({
  name: set.name,
  task,
  problems: problems.test,
  templated: set.data.source === 'synthetic',
});

/**
 * Loads the problems of a definition's task and auxiliary tasks, and removes pool problems that overlap auxiliary test
 * items.
 *
 * @throws BudgetlineError INPUT_MISSING, TASK_UNKNOWN, DATA_INVALID, DEFINITION_INVALID, each with the field
 */
export async function loadProblems(definition: AnyDefinition, options: LoadOptions): Promise<LoadedProblems> {
  const [first, ...others] = questionSets(definition);
  const own = await loadSet(first, options);
  const auxiliary = await Promise.all(others.map((set) => loadSet(set, options)));
  const { task } = own;
  const trained = { task, templated: definition.data.source === 'synthetic' };
  const sets = auxiliary.map(heldOutSet);
  const { problems, overlapping } = decontaminate(own.problems, { heldOut: sets, trained });
  const files = Object.assign({}, ...[own, ...auxiliary].map((each) => each.files)) as ResolvedFiles;
  return { task, problems, files, sets: [own, ...auxiliary], auxiliary: sets, heldOut: overlapping };
}
