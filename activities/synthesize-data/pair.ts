import type { Problem, Task } from '../../contracts/task';
import type { PreferenceRow } from '../../schemas/rows';
import type { PairsSpec } from '../../stages';
import { referenceAnswer, referenceScore } from '../task-calls';
import type { FilterResult } from './sample-collector';
import { bestOf, type Scored, worstOf } from './scored';

/** For floating-point error in differences of scores: 0.9 − 0.8 is a little below 0.1. */
const scoreTolerance = 1e-9;

/** A pair of two answers to a problem's prompt. */
export const pairOf = ({ id, prompt }: Problem, chosen: string, rejected: string): PreferenceRow => ({
  id,
  prompt,
  chosen,
  rejected,
});

/** The reference answer with its score. Undefined: the problem has none. */
function referenceOf(task: Task, problem: Problem): Scored | undefined {
  const completion = referenceAnswer(task, problem);
  return completion === '' ? undefined : { completion, score: referenceScore(task, problem, completion) };
}

/**
 * Makes a pair from one prompt's scored samples. Chosen: the sample with the best score, or the gold answer, if its score
 * reaches the threshold. Rejected: the sample with the worst score, if it is lower by the margin.
 */
export function makePair(
  task: Task,
  problem: Problem,
  scored: readonly Scored[],
  { chosen: source, threshold, minMargin }: PairsSpec['pairs'],
): FilterResult<PreferenceRow> {
  const [best, worst] = [bestOf(scored), worstOf(scored)];
  if (best === undefined || worst === undefined) return { skipped: 'all-empty' };
  const chosen = source === 'gold' ? referenceOf(task, problem) : best;
  if (chosen === undefined) return { skipped: 'no-reference' };
  if (chosen.score < threshold) return { skipped: 'below-threshold' };
  const isLower = chosen.score - worst.score >= minMargin - scoreTolerance;
  // An answer that was cut off may have the text of the reference answer.
  if (!isLower || chosen.completion === worst.completion) return { skipped: 'below-margin' };
  return { row: pairOf(problem, chosen.completion, worst.completion) };
}
