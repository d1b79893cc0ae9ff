import { assess } from '../task-calls';
import type { Problem, Task } from '../../contracts/task';
import type { GenerationRow } from '../../schemas/rows';
import type { Turns } from '../turns';
import type { Sampled } from './sample-collector';

/** An answer with its verifier's score. */
export interface Scored {
  readonly completion: string;
  readonly score: number;
}

/** A sample with its score. */
export const scoreSample = (task: Task, problem: Problem, { completion, finish }: GenerationRow): Scored => ({
  completion,
  score: assess(task, { problem, completion, finish }).score,
});

/** Empty samples are only the end-of-sequence token, so there is nothing to prefer or reject. */
export const withoutEmpty = (scored: readonly Scored[]): Scored[] =>
  scored.filter(({ completion }) => completion !== '');

/**
 * One prompt's samples with their scores, in order. Empty samples are scored, because every verifier call is paid for,
 * and left out.
 */
export async function scoreSamples(
  task: Task,
  { problem, samples }: Sampled,
  turns: Turns,
): Promise<Scored[]> {
  const scored: Scored[] = [];
  for (const sample of samples) {
    await turns.take();
    scored.push(scoreSample(task, problem, sample));
  }
  return withoutEmpty(scored);
}

function first(scored: readonly Scored[], isBetter: (a: Scored, b: Scored) => boolean): Scored | undefined {
  const [head, ...others] = scored;
  return head && others.reduce((found, each) => (isBetter(each, found) ? each : found), head);
}

/** The first of the answers with the highest score; undefined if there are none. */
export const bestOf = (scored: readonly Scored[]): Scored | undefined =>
  first(scored, (a, b) => a.score > b.score);

/** The first of the answers with the lowest score; undefined if there are none. */
export const worstOf = (scored: readonly Scored[]): Scored | undefined =>
  first(scored, (a, b) => a.score < b.score);
