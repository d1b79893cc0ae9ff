/**
 * Classes of characters as Python's `re` and `str` have them, as sources for regular expressions with the flag "u". What
 * was defined by a Python program (IFEval, ROUGE, Punkt) has to be counted by the same classes; JavaScript's \w knows
 * ASCII alone, its \s and its line ends differ by a few characters.
 */
export const classes = {
  /** White space: \s and what `str.strip` takes away. */
  space: '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000',
  /** \w: letters, numbers and the low line; marks that combine are none. */
  word: '\\p{L}\\p{N}_',
} as const;

/** The same as Unicode's annex 18 has them, by which NLTK's patterns go since its version 3.10 ("regex" for "re"). */
export const unicodeClasses = {
  space: '\\p{White_Space}',
  /** Marks that combine belong to words: "नमस्ते" is one. */
  word: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}',
  letter: '\\p{Alphabetic}\\p{M}\\p{Pc}\\p{Join_Control}',
} as const;

/** Start and end of a line: behind and before \n alone, or the ends of the text. */
export const lineStart = '(?<![^\\n])';
export const lineEnd = '(?![^\\n])';

const endSpace = new RegExp(`^[${classes.space}]+|[${classes.space}]+$`, 'gu');

/** Python's `str.strip()`. */
export function strip(text: string): string {
  return text.replace(endSpace, '');
}

const spaces = new RegExp(`[${classes.space}]+`, 'u');

/** Python's `str.split()`: the words between white space. */
export function splitSpace(text: string): string[] {
  return strip(text)
    .split(spaces)
    .filter((word) => word !== '');
}

/** Takes every leading and trailing `character` away. */
export function stripCharacter(text: string, character: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === character) start += 1;
  while (end > start && text[end - 1] === character) end -= 1;
  return text.slice(start, end);
}

/** Python's `str.isupper()`: at least one capital, and nothing that has a capital besides. */
export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/\p{Lowercase}|\p{Lt}/u.test(text);
}

/** Python's `str.islower()`. */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/\p{Uppercase}|\p{Lt}/u.test(text);
}

/** A text as a pattern that matches it and nothing else. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
