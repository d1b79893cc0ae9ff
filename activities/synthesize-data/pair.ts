import type { PairSpec } from '../../schemas/definition';
import type { GenerationRow, PreferenceRow } from '../../schemas/rows';
import type { Problem, Task } from '../../contracts/task';
import type { Yielded } from './harvest';

/** Why a prompt gives no pair. */
export type Skipped = 'all-right' | 'all-wrong' | 'wrong-is-empty';

/**
 * One prompt's samples as a pair: chosen is the first right sample that says something (or the gold answer), rejected the first wrong one.
 * Every sample is checked, since the checker is paid for each.
 */
export function makePair(
  task: Task,
  problem: Problem,
  options: { readonly samples: readonly GenerationRow[]; readonly chosen: PairSpec['chosen'] },
): Yielded<PreferenceRow, Skipped> {
  const isRight = ({ completion, finish }: GenerationRow): boolean =>
    task.score(problem, completion, finish).score === 1;
  const verdicts = options.samples.map((sample) => ({ sample, right: isRight(sample) }));
  const wrong = verdicts.filter(({ right }) => !right).map(({ sample }) => sample.completion);
  // An empty answer has no tokens but the end: nothing to prefer, and nothing to prefer against.
  const right = verdicts.find((verdict) => verdict.right && verdict.sample.completion !== '');
  const chosen = options.chosen === 'gold' ? task.gold(problem) : right?.sample.completion;
  const rejected = wrong.find((completion) => completion !== '');
  if (wrong.length === 0) return { skipped: 'all-right' };
  if (chosen === undefined) return { skipped: 'all-wrong' };
  if (rejected === undefined) return { skipped: 'wrong-is-empty' };
  return { row: { id: problem.id, prompt: problem.prompt, chosen, rejected } };
}
