import { BudgetlineError } from '../core/failures';
import type { Finish, Problem, Task } from './task';

/**
 * The verifier's score of an answer, for decisions about rows.
 *
 * @throws BudgetlineError DATA_INVALID if the score is not a finite number
 */
export function scoreOf(task: Task, problem: Problem, completion: string, finish: Finish = 'stop'): number {
  const { score } = task.score(problem, completion, finish);
  if (Number.isFinite(score)) return score;
  throw new BudgetlineError(
    'DATA_INVALID',
    `The verifier of ${task.name} scores an answer to problem ${problem.id} with ${String(score)}, which is not a finite number.`,
    {
      remedy: 'Correct the task’s score function: a score is a finite number.',
      details: { task: task.name, problem: problem.id, score: String(score) },
    },
  );
}

const goldScores = new WeakMap<Task, WeakMap<Problem, number>>();

/** The verifier's score of a problem's gold answer. Computed once: the stages of a sweep share their prompts. */
export function goldScoreOf(task: Task, problem: Problem): number {
  const known = goldScores.get(task) ?? new WeakMap<Problem, number>();
  goldScores.set(task, known);
  const score = known.get(problem) ?? scoreOf(task, problem, task.gold(problem));
  known.set(problem, score);
  return score;
}
