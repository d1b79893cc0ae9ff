/**
 * Character classes of Python's `re` and `str`, as sources for regular expressions with the flag "u". IFEval, ROUGE and
 * Punkt are defined by Python programs; JavaScript's \w is ASCII only, and its \s and line ends differ slightly.
 */
export const classes = {
  /** White space: \s and the characters that `str.strip` removes. */
  space: '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000',
  /** \w: letters, numbers and the underscore, without combining marks. */
  word: '\\p{L}\\p{N}_',
} as const;

/** The classes of Unicode's annex 18, which NLTK uses since version 3.10 ("regex" instead of "re"). */
export const unicodeClasses = {
  space: '\\p{White_Space}',
  /** Includes combining marks: "नमस्ते" is one word. */
  word: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}',
  letter: '\\p{Alphabetic}\\p{M}\\p{Pc}\\p{Join_Control}',
} as const;

/** Start and end of a line: after and before \n only, or the ends of the text. */
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

/** Removes all leading and trailing `character`s. */
export function stripCharacter(text: string, character: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === character) start += 1;
  while (end > start && text[end - 1] === character) end -= 1;
  return text.slice(start, end);
}

/** Python's `str.isupper()`: at least one upper-case letter, and no other cased letter. */
export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/\p{Lowercase}|\p{Lt}/u.test(text);
}

/** Python's `str.islower()`. */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/\p{Uppercase}|\p{Lt}/u.test(text);
}

/** A pattern that matches exactly a text. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
