import { normalizeText, unitsOf } from './normalize';

/** Number of words at the start that two texts share. */
function commonStart(one: readonly string[], other: readonly string[]): number {
  const end = one.findIndex((word, index) => word !== other[index]);
  return end < 0 ? one.length : end;
}

/**
 * Removes from a text the words that all of `texts` begin or end with: the task's prompt template. With fewer than two
 * different texts nothing is removed.
 */
export function withoutFrameOf(texts: readonly string[]): (text: string) => string {
  const [first = [], ...others] = [...new Set(texts)].map(unitsOf);
  const least = (starts: number[]): number => (others.length === 0 ? 0 : Math.min(...starts));
  const backwards = [...first].reverse();
  const opening = least(others.map((other) => commonStart(first, other)));
  const ending = least(others.map((other) => commonStart(backwards, [...other].reverse())));
  return (text) => {
    const words = unitsOf(text);
    return words.slice(opening, Math.max(opening, words.length - ending)).join(' ');
  };
}

const ngramsOf = (words: readonly string[], size: number): string[] =>
  words.slice(size - 1).map((_, start) => words.slice(start, start + size).join(' '));

/** All word n-grams of `size`; words as {@link unitsOf} counts them. */
export const wordNgrams = (text: string, size: number): string[] => ngramsOf(unitsOf(text), size);

/** Fraction of the word 4-grams that occur earlier in the text, 0 … 1; 0 for fewer than five words. */
export function repetitionRate(text: string): number {
  const ngrams = wordNgrams(text, 4);
  return ngrams.length === 0 ? 0 : (ngrams.length - new Set(ngrams).size) / ngrams.length;
}

/** Size of the n-grams that count as contamination (GPT-3 uses 13 too): two texts do not share one by chance. */
const contaminationSize = 13;

/** The words of a normalised text. A sign is part of the number after it; other signs are formatting in a long text. */
function wordsWithSigns(normal: string): string[] {
  const words: string[] = [];
  let sign = '';
  for (const unit of unitsOf(normal)) {
    if (/[()[\]{}]/.test(unit)) continue;
    const isWord = /[\p{L}\p{N}]/u.test(unit);
    if (isWord) words.push(/^\.?\p{N}/u.test(unit) ? sign + unit : unit);
    sign = isWord ? '' : unit;
  }
  return words;
}

/** The 13-grams of a normalised text. */
export const contaminationNgrams = (normal: string): string[] =>
  ngramsOf(wordsWithSigns(normal), contaminationSize);

type Overlap = 'same text' | 'same 13-gram' | 'same dedup key';

/** The parts of a problem that overlap checks compare. */
export interface Compared {
  /** The problem's own text, without the task's prompt template. */
  readonly text: string;
  /** What decides the answer, without names and wording. */
  readonly dedupKey?: string;
  /** Compared only as a whole, or only by n-grams. Default: by both. */
  readonly by?: 'whole' | 'n-grams';
}

/**
 * Checks texts for overlap with `others`: equal after normalisation, a common 13-gram, or the same dedup key. Returns the
 * kind of overlap, undefined where there is none. Texts of one template share long runs of words by design: `ngrams: false`
 * skips that check.
 */
export function overlapWith(
  others: readonly Compared[],
  { ngrams: byNgrams = true }: { readonly ngrams?: boolean } = {},
): (one: Compared) => Overlap | undefined {
  const texts = others.map(({ text }) => normalizeText(text));
  const known = new Set(texts);
  const isWhole = ({ by }: Compared): boolean => by === 'whole';
  const ngrams = new Set<string>();
  if (byNgrams)
    for (const [at, one] of others.entries())
      if (!isWhole(one)) for (const ngram of contaminationNgrams(texts[at] ?? '')) ngrams.add(ngram);
  const keys = new Set(others.flatMap(({ dedupKey }) => (dedupKey === undefined ? [] : [dedupKey])));
  return ({ text, dedupKey, by }) => {
    const normal = normalizeText(text);
    if (by !== 'n-grams' && known.has(normal)) return 'same text';
    if (by !== 'whole' && ngrams.size > 0 && contaminationNgrams(normal).some((ngram) => ngrams.has(ngram)))
      return 'same 13-gram';
    return dedupKey !== undefined && keys.has(dedupKey) ? 'same dedup key' : undefined;
  };
}
