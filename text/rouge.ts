import { wordNgrams } from './overlap';

/** Lower-case ASCII words, as rouge-score counts them without stemming. */
function rougeWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Harmonic mean of precision and recall. */
function fMeasure(matches: number, reference: number, candidate: number): number {
  return matches === 0 ? 0 : (2 * matches) / (reference + candidate);
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function overlapOf(reference: readonly string[], candidate: readonly string[]): number {
  const counts = tally(candidate);
  return [...tally(reference)].reduce(
    (sum, [gram, count]) => sum + Math.min(count, counts.get(gram) ?? 0),
    0,
  );
}

/** ROUGE-n: F measure of the common n-grams. */
function rougeN(reference: readonly string[], candidate: readonly string[], size: number): number {
  const ngramsOf = (words: readonly string[]): string[] => wordNgrams(words.join(' '), size);
  const [target, found] = [ngramsOf(reference), ngramsOf(candidate)];
  return fMeasure(overlapOf(target, found), target.length, found.length);
}

/** Length of the longest common subsequence; one row of the table at a time. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    b.forEach((other, at) => next.push(word === other ? row[at]! + 1 : Math.max(row[at + 1]!, next[at]!)));
    row = next;
  }
  return row[b.length] ?? 0;
}

export interface Rouge {
  readonly rouge1: number;
  readonly rouge2: number;
  /** By the longest common subsequence. */
  readonly rougeL: number;
}

/** ROUGE (Lin, 2004) of one text against one reference: F measures, 0 … 1, equal to those of rouge-score 0.1.2. */
export function rouge(reference: string, candidate: string): Rouge {
  const [target, found] = [rougeWords(reference), rougeWords(candidate)];
  return {
    rouge1: rougeN(target, found, 1),
    rouge2: rougeN(target, found, 2),
    rougeL: fMeasure(longestCommon(target, found), target.length, found.length),
  };
}
