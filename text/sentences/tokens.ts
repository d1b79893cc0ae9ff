import { isLower, isUpper, unicodeClasses } from '../characters';
import type { SentenceModel } from './parameters';

const space = `[${unicodeClasses.space}]`;
const solid = `[^${unicodeClasses.space}]`;
/** Characters that no word contains. */
export const nonWord = `[)";}\\]*:@'({\\[\\u2018\\u2019\\u201c\\u201d\\xab\\xbb?!]`;
const several = `(?:-{2,}|\\.{2,}|(?:\\.${space}){2,}\\.)`;
const wordEnd = `(?=${space}|$|${nonWord}|${several}|,(?=$|${space}|${nonWord}|${several}))`;
const token = new RegExp(`${several}|(?=[^("\`{\\[:;&#*@)}\\]\\-,])${solid}+?${wordEnd}|${solid}`, 'gu');

const numeric = /^-?[.,]?\p{Nd}[\p{Nd},.-]*\.?$/u;
const initial = new RegExp(`^[${unicodeClasses.letter}]\\.$`, 'u');

/** A word, number or mark, with the decision about its full stop. */
export interface Token {
  readonly text: string;
  /** Lower-cased text; '##number##' for numbers. */
  readonly type: string;
  readonly isInitial: boolean;
  isAbbreviation: boolean;
  isEllipsis: boolean;
  endsSentence: boolean;
}

export const withoutStop = (type: string): string =>
  type.length > 1 && type.endsWith('.') ? type.slice(0, -1) : type;

/** The type without a full stop that ends a sentence. */
export const wordOf = ({ endsSentence, type }: Token): string => (endsSentence ? withoutStop(type) : type);

/** First decision, by the token alone. */
function createToken(text: string, { abbreviations }: SentenceModel): Token {
  const lower = text.toLowerCase();
  const isEllipsis = /^\.\.+$/.test(text);
  const hasStop = text.endsWith('.') && !text.endsWith('..') && text !== '.';
  const stem = lower.slice(0, -1);
  const known = abbreviations.has(stem) || abbreviations.has(stem.split('-').at(-1) ?? '');
  return {
    text,
    type: numeric.test(lower) ? '##number##' : lower,
    isInitial: initial.test(text),
    isEllipsis,
    isAbbreviation: hasStop && known,
    endsSentence: text === '.' || text === '?' || text === '!' || (hasStop && !known),
  };
}

export function tokenize(text: string, model: SentenceModel): Token[] {
  const words = text.split('\n').flatMap((line) => line.match(token) ?? []);
  return words.map((word) => createToken(word, model));
}

export const startsUpper = ({ text }: Token): boolean => isUpper([...text][0] ?? '');
export const startsLower = ({ text }: Token): boolean => isLower([...text][0] ?? '');
