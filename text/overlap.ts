import { normalizeText, unitsOf } from './normalize';

/** Words that two texts have in common from their first one on. */
function commonStart(one: readonly string[], other: readonly string[]): number {
  const parting = one.findIndex((word, index) => word !== other[index]);
  return parting < 0 ? one.length : parting;
}

/**
 * Takes from a text the words that all of `texts` begin with and those that all of them end with: what a task puts around
 * each of its problems. Of fewer than two different texts nothing can be told, and nothing is taken.
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

const runsOf = (words: readonly string[], size: number): string[] =>
  words.slice(size - 1).map((_, start) => words.slice(start, start + size).join(' '));

/** All runs of `size` consecutive words, as {@link unitsOf} counts them. */
export const wordNgrams = (text: string, size: number): string[] => runsOf(unitsOf(text), size);

/** Share of the word 4-grams that occur earlier in the text, 0 … 1; 0 for fewer than five words. */
export function repetitionRate(text: string): number {
  const ngrams = wordNgrams(text, 4);
  return ngrams.length === 0 ? 0 : (ngrams.length - new Set(ngrams).size) / ngrams.length;
}

/** Words in a row that two texts do not share by chance. */
const runLength = 13;

/** The words of a normalised text. A sign is part of the number behind it; other signs are formatting in a long text. */
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

/** The runs of words by which a normalised text is known again inside of others. */
export const longRuns = (normal: string): string[] => runsOf(wordsWithSigns(normal), runLength);

type Overlap = 'same text' | 'thirteen words in a row' | 'same skeleton';

/** What of a problem is compared: its own text, without the words that every prompt of the task has. */
export interface Compared {
  readonly text: string;
  /** What decides the answer; names and dressing left out. */
  readonly skeleton?: string;
}

/**
 * Finds texts that are alike a text of `others`: normalised alike, thirteen words in a row in common, or the same
 * skeleton. undefined where none is. Texts of one template share long runs of words by design: `runs` false passes them
 * over.
 */
export function overlapWith(
  others: readonly Compared[],
  { runs: byRuns = true }: { readonly runs?: boolean } = {},
): (one: Compared) => Overlap | undefined {
  const texts = others.map(({ text }) => normalizeText(text));
  const whole = new Set(texts);
  const runs = new Set(byRuns ? texts.flatMap(longRuns) : []);
  const skeletons = new Set(others.flatMap(({ skeleton }) => (skeleton === undefined ? [] : [skeleton])));
  return ({ text, skeleton }) => {
    const normal = normalizeText(text);
    if (whole.has(normal)) return 'same text';
    if (runs.size > 0 && longRuns(normal).some((run) => runs.has(run))) return 'thirteen words in a row';
    return skeleton !== undefined && skeletons.has(skeleton) ? 'same skeleton' : undefined;
  };
}
