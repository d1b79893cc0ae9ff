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
