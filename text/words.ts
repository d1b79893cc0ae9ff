import { splitSpace, unicodeClasses } from './characters';
import { splitSentences } from './sentences/split';

const word = new RegExp(`[${unicodeClasses.word}]+`, 'gu');

/** Runs of letters, numbers and underscores; their number is a text's length in words. */
export function wordRuns(text: string): string[] {
  return text.match(word) ?? [];
}

const space = `[${unicodeClasses.space}]`;
const wordBefore = `(?<![${unicodeClasses.word}])`;
const wordAfter = `(?![${unicodeClasses.word}])`;
const pattern = (source: string, flags = ''): RegExp => new RegExp(source, `gu${flags}`);

/** Rules that separate marks from words, in the order of NLTK's extended Penn Treebank tokenizer. */
const splits: readonly (readonly [RegExp, string])[] = [
  // Opening quotation marks.
  [/([«“‘„]|`+)/gu, ' $1 '],
  [/^"/gu, '``'],
  [/(``)/gu, ' $1 '],
  [/([ ([{<])("|'{2})/gu, '$1 `` '],
  [pattern(`${wordBefore}'(?!(?:re|ve|ll|m|t|s|d|n)${wordAfter})(?=[${unicodeClasses.word}])`, 'i'), "' "],
  // The last full stop, commas and colons outside numbers, marks.
  [pattern(`([^.])(\\.)([\\])}>"' »”’]*)${space}*$`), '$1 $2 $3 '],
  [/([:,])(\P{Nd})/gu, ' $1 $2'],
  [/([:,])$/gu, ' $1 '],
  [/\.{2,}/gu, ' $& '],
  [/[;@#$%&]/gu, ' $& '],
  [/[\u2012-\u2015]/gu, ' $& '],
  [pattern(`([^.])(\\.)([\\])}>"']*)${space}*$`), '$1 $2$3 '],
  [/[?!]/gu, ' $& '],
  [/([^'])' /gu, "$1 ' "],
  [/\*/gu, ' $& '],
  // Brackets and double dashes.
  [/[\][(){}<>]/gu, ' $& '],
  [/--/gu, ' -- '],
];

/** Rules for closing quotation marks and contractions; for a text with a space at both ends. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/([»”’])/gu, ' $1 '],
  [/''/gu, " '' "],
  [/"/gu, " '' "],
  [pattern(`${space}+`), ' '],
  [/([^' ])('[sS]|'[mM]|'[dD]|') /gu, '$1 $2 '],
  [/([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /gu, '$1 $2 '],
  ...['(can)(not)', "(d)('ye)", '(gim)(me)', '(gon)(na)', '(got)(ta)', '(lem)(me)', "(more)('n)"].map(
    (joined) => [pattern(`${wordBefore}${joined}${wordAfter}`, 'i'), ' $1 $2 '] as const,
  ),
  [pattern(`${wordBefore}(wan)(na)(?=${space})`, 'i'), ' $1 $2 '],
  [pattern(` ('t)(is|was)${wordAfter}`, 'i'), ' $1 $2 '],
];

function apply(text: string, rules: readonly (readonly [RegExp, string])[]): string {
  return rules.reduce((whole, [search, replacement]) => whole.replace(search, replacement), text);
}

/** The words and marks of an English text, sentence by sentence. */
export function tokenizeWords(text: string): string[] {
  return splitSentences(text).flatMap((sentence) =>
    splitSpace(apply(` ${apply(sentence, splits)} `, endings)),
  );
}
