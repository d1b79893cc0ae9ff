import { failureWords, isCoded } from '../code/user-failure';
import { wrongAssessment } from '../contracts/scores';
import type { Assessment, ComparedAnswer, Finish, Problem, Task } from '../contracts/task';
import { itemName, shortText } from '../contracts/text';
import { BudgetlineError } from '../core/failures';

const faulty = (task: Task, { id }: Problem, message: string, cause?: unknown): BudgetlineError =>
  new BudgetlineError('TASK_FAULTY', message, { details: { task: task.name, item: id }, cause });

interface Call<T> {
  /** The function, such as '"gold"'. */
  readonly who: string;
  /** What it is called on. Default: the item's name. */
  readonly on?: string;
  readonly call: () => T;
}

/**
 * Calls a function of a task for an item. Errors with a code stay.
 *
 * @throws BudgetlineError TASK_FAULTY with task, item and the user's line
 */
function callTask<T>(task: Task, problem: Problem, { who, on = itemName(problem), call }: Call<T>): T {
  try {
    return call();
  } catch (error) {
    if (isCoded(error)) throw error;
    const message = `${who} of task ${task.name} fails on ${on}: ${failureWords(error)}`;
    throw faulty(task, problem, message, error);
  }
}

interface Answer {
  readonly problem: Problem;
  readonly completion: string;
  /** Default: 'stop'. */
  readonly finish?: Finish;
}

/**
 * The verifier's result for an answer.
 *
 * @throws BudgetlineError TASK_FAULTY with task, item and value, if there is none
 */
export function assess(task: Task, { problem, completion, finish = 'stop' }: Answer): Assessment {
  const who = 'The verifier';
  const on = `the answer ${shortText(completion)} to ${itemName(problem)}`;
  const result = callTask(task, problem, { who, on, call: () => task.score(problem, completion, finish) });
  const wrong = wrongAssessment(result);
  if (wrong === undefined) return result;
  throw faulty(
    task,
    problem,
    `${who} of task ${task.name} returns ${wrong.returned} for ${on}. ${wrong.rule}`,
  );
}

/** The reference answer of a problem; empty if it has none. */
export function referenceAnswer(task: Task, problem: Problem): string {
  try {
    return callTask(task, problem, { who: '"gold"', call: () => task.gold(problem) });
  } catch (error) {
    if (error instanceof BudgetlineError && error.code === 'DATA_INVALID') return '';
    throw error;
  }
}

/** What a judge is shown of an answer. Undefined: the task has nothing to compare. */
export const comparisonOf = (task: Task, problem: Problem, completion: string): ComparedAnswer | undefined =>
  callTask(task, problem, { who: '"comparison"', call: () => task.comparison?.(problem, completion) });

const referenceScores = new WeakMap<Task, WeakMap<Problem, number>>();

/** The verifier's score of a problem's reference answer. Computed once: the stages of a sweep share their prompts. */
export function referenceScore(task: Task, problem: Problem, completion: string): number {
  const known = referenceScores.get(task) ?? new WeakMap<Problem, number>();
  referenceScores.set(task, known);
  const score = known.get(problem) ?? assess(task, { problem, completion }).score;
  known.set(problem, score);
  return score;
}
