import type { PairSpec } from '../../schemas/definition';
import type { GenerationRow, PreferenceRow } from '../../schemas/rows';
import type { PairSkipReason } from '../../contracts/metrics';
import type { Problem, Task } from '../../contracts/task';
import type { FilterResult } from './collect-samples';

/**
 * Makes a pair from one prompt's samples. Chosen: the first correct sample that is not empty, or the gold
 * answer. Rejected: the first incorrect one. Every sample is scored, because every verifier call is paid
 * for.
 */
export function makePair(
  task: Task,
  problem: Problem,
  options: { readonly samples: readonly GenerationRow[]; readonly chosen: PairSpec['chosen'] },
): FilterResult<PreferenceRow, PairSkipReason> {
  const isCorrect = ({ completion, finish }: GenerationRow): boolean =>
    task.score(problem, completion, finish).score === 1;
  const verdicts = options.samples.map((sample) => ({ sample, correct: isCorrect(sample) }));
  const incorrect = verdicts.filter(({ correct }) => !correct).map(({ sample }) => sample.completion);
  // An empty answer is only the end-of-sequence token: there is nothing to prefer or reject.
  const correct = verdicts.find((verdict) => verdict.correct && verdict.sample.completion !== '');
  const chosen = options.chosen === 'gold' ? task.gold(problem) : correct?.sample.completion;
  const rejected = incorrect.find((completion) => completion !== '');
  if (incorrect.length === 0) return { skipped: 'all-correct' };
  if (chosen === undefined) return { skipped: 'all-incorrect' };
  if (rejected === undefined) return { skipped: 'incorrect-is-empty' };
  return { row: { id: problem.id, prompt: problem.prompt, chosen, rejected } };
}
