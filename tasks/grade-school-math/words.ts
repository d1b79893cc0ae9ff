export const names = [' Gus', ' Ida', ' Max', ' Eve', ' Tom', ' Zoe', ' Leo'] as const;
export const nouns = [' eggs', ' pens', ' hats', ' figs', ' cups', ' nuts'] as const;
export const gainVerbs = [' finds', ' buys', ' wins'] as const;
export const lossVerbs = [' eats', ' sells', ' drops'] as const;

/** The fixed phrases of prompts and answers. */
export const phrases = {
  question: 'Q:',
  has: ' has',
  then: '. Then',
  more: ' more',
  ofThem: ' of them',
  double: ' doubles them',
  triple: ' triples them',
  ask: '. How many?',
  answer: 'A:',
  final: ' ####',
  work: 'Work:',
  is: ' is',
  latentFinal: ' Answer',
} as const;

/**
 * The frequent words of synthetic problems, for the embedded model's vocabulary: 131 tokens with 95 printable characters,
 * newline, pad, end of sequence and unknown. Each includes its leading space.
 */
export const vocabularyWords: readonly string[] = [
  ...Object.values(phrases),
  ...names,
  ...nouns,
  ...gainVerbs,
  ...lossVerbs,
];

/** Tokens of a text under greedy longest match over {@link vocabularyWords} and single characters. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (let at = 0; at < text.length; tokens += 1) {
    const lengths = vocabularyWords.filter((word) => text.startsWith(word, at)).map((word) => word.length);
    at += Math.max(1, ...lengths);
  }
  return tokens;
}
