import { BudgetlineError } from '../core/failures';
import type { PairSpec } from '../schemas/definition';
import type { GoldShortfall } from './resolved';
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

/** Gold answers that are looked at. */
const lookedAt = 50;

/**
 * Looks at the gold answers of the first problems of a pool.
 *
 * @returns undefined where one of them can be a pair's chosen answer, or where pairs do not choose the gold answer
 */
export function goldShortfall(
  task: Task,
  pool: readonly Problem[],
  { chosen, threshold }: Pick<PairSpec, 'chosen' | 'threshold'>,
): GoldShortfall | undefined {
  const looked = pool.slice(0, lookedAt);
  if (chosen !== 'gold' || looked.length === 0) return undefined;
  const best = looked.reduce((most, problem) => Math.max(most, goldScoreOf(task, problem)), -Infinity);
  return best >= threshold ? undefined : { answers: looked.length, best };
}
