import { BudgetlineError } from '../core/failures';
import { isRecord } from '../core/is-record';
import { itemName, shortText, shownValue } from './text';
import type { Assessment, Finish, Problem, Task } from './task';

/** What a verifier returns, and what it must return. */
export interface WrongAssessment {
  readonly returned: string;
  readonly rule: string;
}

function wrongFlag(flags: Readonly<Record<string, unknown>>): WrongAssessment | undefined {
  const wrong = Object.entries(flags).find(([, value]) => typeof value !== 'boolean');
  return wrong && { returned: `${wrong[0]} ${shownValue(wrong[1])}`, rule: `${wrong[0]} is true or false.` };
}

/** The first of numbers by name that is not finite. */
export function wrongMetric(metrics: unknown): WrongAssessment | undefined {
  if (!isRecord(metrics))
    return { returned: `metrics ${shownValue(metrics)}`, rule: 'Metrics are numbers by name.' };
  const wrong = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  return (
    wrong && {
      returned: `${shownValue(wrong[1])} as the metric ${wrong[0]}`,
      rule: 'A metric is a finite number.',
    }
  );
}

/**
 * What is wrong with a verifier's result; undefined: nothing. Scores are from 0 to 1, and all other numbers are finite:
 * nothing is clamped.
 */
export function wrongAssessment(result: unknown): WrongAssessment | undefined {
  if (result instanceof Promise) result.catch(() => undefined);
  if (!isRecord(result) || result instanceof Promise)
    return { returned: shownValue(result), rule: 'It must return { score }, not a promise.' };
  const { score, scores = {}, wellFormed = true, truncated = false, repetition = 0 } = result;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1))
    return { returned: `the score ${shownValue(score)}`, rule: 'A score is a number from 0 to 1.' };
  return wrongFlag({ wellFormed, truncated }) ?? wrongMetric({ repetition }) ?? wrongMetric(scores);
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
 * @throws BudgetlineError TASK_FAULTY with task, item and value, if it is none
 */
export function assess(task: Task, { problem, completion, finish = 'stop' }: Answer): Assessment {
  const result = task.score(problem, completion, finish);
  const wrong = wrongAssessment(result);
  if (wrong === undefined) return result;
  const answer = `the answer ${shortText(completion)} to ${itemName(problem)}`;
  throw new BudgetlineError(
    'TASK_FAULTY',
    `The verifier of task ${task.name} returns ${wrong.returned} for ${answer}. ${wrong.rule}`,
    { details: { task: task.name, item: problem.id } },
  );
}

const goldScores = new WeakMap<Task, WeakMap<Problem, number>>();

/** The verifier's score of a problem's gold answer. Computed once: the stages of a sweep share their prompts. */
export function goldScoreOf(task: Task, problem: Problem): number {
  const known = goldScores.get(task) ?? new WeakMap<Problem, number>();
  goldScores.set(task, known);
  const score = known.get(problem) ?? assess(task, { problem, completion: task.gold(problem) }).score;
  known.set(problem, score);
  return score;
}
