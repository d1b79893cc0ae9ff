/** Trials: reference answers and program annotators of a definition's tasks, scored before a run. */
import { demonstrationRows } from '../../planning';
import type { Annotator, Problem } from '../../contracts/task';
import { ownName, poolSeed } from '../../stages';
import type { AnyDefinition, LoadedProblems, LoadedSet } from '../problems';
import { tryAnswers, type TrialLimits, type TrialSubject } from './answers';
import { assertLabels, assertUsable } from './faults';
import { tryLabels } from './labels';
import { summarizeTrial, type TaskTrial } from './summary';
import type { TriedAuthor, TriedLabels } from './tried';

export type { TaskTrial, TriedAnswers, TriedExample } from './summary';
export type { TriedLabels } from './tried';

const triedItems = 50;

/** The whole trial takes less than the first limit for quick tasks, and never more than the second. */
const limits: TrialLimits = { startMs: 5_000, endMs: 20_000 };

const isProgram = (annotator: Annotator): boolean => annotator.annotateBatch === undefined;

/** Reference answers of files are all tried: an incorrect one would be trained on. */
const isRead = ({ set: { data }, task }: LoadedSet): boolean =>
  data.source === 'files' && task.comparison === undefined;

const except = (all: readonly Problem[], some: readonly Problem[]): Problem[] => {
  const tried = new Set(some);
  return all.filter((problem) => !tried.has(problem));
};

/** The first rows that demonstrations are bought for. */
function trainedSubject(set: LoadedSet, { problems }: LoadedProblems, seed: number): TrialSubject {
  const { task } = set;
  const { pool, validation, test } = problems;
  const items = demonstrationRows(pool.length, poolSeed(seed), triedItems).flatMap((row) => pool[row] ?? []);
  return {
    task,
    items,
    further: isRead(set) ? except([...pool, ...validation, ...test], items) : [],
    annotators: task.annotators.filter(isProgram),
    poolSeed: poolSeed(seed),
  };
}

function auxiliarySubject(set: LoadedSet): TrialSubject {
  const { task, problems } = set;
  const items = problems.test.slice(0, triedItems);
  const further = isRead(set) ? problems.test.slice(triedItems) : [];
  return { task, items, further, annotators: [], poolSeed: 0 };
}

/** Answers of a trial, by question set. */
export type TriedSets = readonly (readonly TriedAuthor[])[];

export const seedOf = (definition: AnyDefinition): number =>
  ('seeds' in definition ? definition.seeds[0] : definition.seed) ?? 0;

/** What was tried of a definition's tasks. */
export interface Tried {
  readonly answers: TriedSets;
  /** Labels of the trained task's preference annotators. */
  readonly labels: readonly TriedLabels[];
}

/**
 * Tries the tasks of a definition.
 *
 * @throws BudgetlineError TASK_FAULTY
 */
export function tryTasks(loaded: LoadedProblems, seed: number): Tried {
  const answers = loaded.sets.map((set) =>
    tryAnswers(set.set.name === ownName ? trainedSubject(set, loaded, seed) : auxiliarySubject(set), limits),
  );
  const { name: task, preferenceAnnotators = [] } = loaded.task;
  const references = answers[0]?.find(({ annotator }) => annotator === null)?.answers ?? [];
  const annotators = preferenceAnnotators.filter((each) => each.prefer !== undefined);
  return { answers, labels: tryLabels({ task, references, annotators }, limits) };
}

/** The least score of a chosen answer. Undefined: no verifier makes the pairs. */
function thresholdOf({ annotations, pairs: { threshold, annotator } }: AnyDefinition): number | undefined {
  return annotations?.preferences === undefined && annotator === undefined ? threshold : undefined;
}

/**
 * What the trials mean for a definition.
 *
 * @throws BudgetlineError TASK_FAULTY, DATA_INVALID
 */
export function judgeTrials(tried: Tried, { sets }: LoadedProblems, definition: AnyDefinition): TaskTrial[] {
  const { annotator, annotations, pairs } = definition;
  return sets.map(({ set: { name }, task }, at) => {
    const answers = tried.answers[at] ?? [];
    const compared = task.comparison !== undefined;
    if (name !== ownName) {
      assertUsable(answers, { task: task.name, compared });
      return summarizeTrial(answers, { task: task.name, auxiliary: name });
    }
    const used = annotations?.demonstrations === undefined ? annotator : undefined;
    assertUsable(answers, { task: task.name, compared, annotator: used });
    assertLabels(tried.labels, {
      task: task.name,
      annotator: annotations?.preferences === undefined ? pairs.annotator : undefined,
    });
    return summarizeTrial(answers, {
      task: task.name,
      threshold: thresholdOf(definition),
      annotator: used,
      labels: tried.labels,
    });
  });
}
