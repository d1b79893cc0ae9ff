/** Text as contamination checks compare it: lower case, letters and digits only, single spaces. */
export function normalizeText(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** All runs of `size` consecutive words. */
export function wordNgrams(text: string, size: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.slice(size - 1).map((_, start) => words.slice(start, start + size).join(' '));
}

/** Share of the word 4-grams that occur earlier in the text, 0 … 1; 0 for fewer than five words. */
export function repetitionRate(text: string): number {
  const ngrams = wordNgrams(text, 4);
  return ngrams.length === 0 ? 0 : (ngrams.length - new Set(ngrams).size) / ngrams.length;
}

/** Words in a row that two texts do not share by chance. */
const runLength = 13;

type Overlap = 'same text' | 'thirteen words in a row' | 'same skeleton';

/** What of a problem is compared: its own text, without the words that every prompt of the task has. */
export interface Compared {
  readonly text: string;
  /** What decides the answer; names and dressing left out. */
  readonly skeleton?: string;
}

/**
 * Finds texts that are alike a text of `others`: normalised alike, thirteen words in a row in common, or the same
 * skeleton. undefined where none is.
 */
export function overlapWith(others: readonly Compared[]): (one: Compared) => Overlap | undefined {
  const texts = others.map(({ text }) => normalizeText(text));
  const whole = new Set(texts);
  const runs = new Set(texts.flatMap((text) => wordNgrams(text, runLength)));
  const skeletons = new Set(others.flatMap(({ skeleton }) => (skeleton === undefined ? [] : [skeleton])));
  return ({ text, skeleton }) => {
    const normal = normalizeText(text);
    if (whole.has(normal)) return 'same text';
    if (wordNgrams(normal, runLength).some((run) => runs.has(run))) return 'thirteen words in a row';
    return skeleton !== undefined && skeletons.has(skeleton) ? 'same skeleton' : undefined;
  };
}
