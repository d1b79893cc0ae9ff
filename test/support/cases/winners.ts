import { type LayoutVariant, maybeJson, wordsOf } from './words';

const winners = {
  first: [
    ...['first', 'A', 'a', '1', 1, 'response_a', 'Response A', 'model_a', 'answer-1', 'assistant_a'],
    ...['option a', 'left', '1.0', 'MODEL_A'],
  ],
  second: ['second', 'B', 'b', '2', 2, 'response_b', 'Model B', 'answer_2', 'candidate b', 'right', 2n],
  tie: ['tie', 'Tie', 'tie (bothbad)', 'equal', 'same', 'draw', 'neither', 'both'],
  none: ['', '0', 0, '3', 'c', 'true', false, 'yes', 'response', -1, '0.0'],
} as const;

const wonBy = {
  better: winners,
  better_index: { first: [0, '0', '0.0', 0n], second: [1, '1', 1n], tie: [], none: [2, -1, 'a', true] },
  first_is_better: {
    first: [true, 1, 'True', '1.0'],
    second: [false, 0, 'no', '0'],
    tie: [],
    none: ['a', 2, 'maybe'],
  },
} as const;

/** Every spelling of every field that says who won, directly and by a mapping. */
export function winnerVariants(): LayoutVariant[] {
  const variants: LayoutVariant[] = [];
  for (const [field, spellings] of Object.entries(wonBy))
    for (const [winner, values] of Object.entries(spellings) as [string, readonly unknown[]][])
      for (const [seed, value] of values.entries()) {
        const { ask, good, bad } = wordsOf(`won ${field} ${winner}`, seed);
        const isMapped = seed % 2 === 0;
        const record = isMapped
          ? { ask, answer_1: good, answer_2: bad, verdict: value }
          : { prompt: ask, first: good, second: bad, [field]: value };
        const columnMapping = isMapped
          ? { prompt: 'ask', first: 'answer_1', second: 'answer_2', [field]: 'verdict' }
          : undefined;
        const [chosen, rejected] = winner === 'first' ? [good, bad] : [bad, good];
        const isRead = winner === 'first' || winner === 'second';
        variants.push({
          title: `${field} ${JSON.stringify(String(value))} (${typeof value})`,
          kind: 'preferences',
          record,
          columnMapping,
          texts: isRead ? { prompt: ask, chosen, rejected } : undefined,
          tie: winner === 'tie',
          refused: winner === 'none' ? (value === '' ? 'chosen' : field) : undefined,
        });
      }
  return [...variants, ...rankedVariants()];
}

/** Ranks and scores of three or four answers, and the scores of a pair. */
function rankedVariants(): LayoutVariant[] {
  return Array.from({ length: 40 }, (_, seed): LayoutVariant => {
    const { pick, ask } = wordsOf('ranked', seed);
    const answers = ['one', 'two', 'three', 'four'].slice(0, pick([2, 3, 4]));
    const numbers = answers.map(() => pick([1, 2, 3]));
    const field = pick(['ranks', 'scores']);
    const [best, worst] = (field === 'ranks' ? [Math.min, Math.max] : [Math.max, Math.min]).map((of) =>
      of(...numbers),
    ) as [number, number];
    const isTie = best === worst;
    const [chosen, rejected] = [answers[numbers.indexOf(best)], answers[numbers.lastIndexOf(worst)]];
    const values = pick([numbers, numbers.map(String), numbers.map(BigInt), JSON.stringify(numbers)]);
    return {
      title: `${field} ${numbers.join(' ')}`,
      kind: 'preferences',
      record: { prompt: ask, completions: maybeJson(pick, answers), [field]: values },
      texts: isTie ? undefined : { prompt: ask, chosen, rejected },
      tie: isTie,
    };
  });
}
