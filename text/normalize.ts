const number = '(?:(?<![\\p{L}\\p{N}])\\.)?\\p{N}+(?:[.,:]\\p{N}+)+|(?<![\\p{L}\\p{N}])\\.\\p{N}+';
const word = '[\\p{L}\\p{M}\\p{N}]+';

/** Marks that change what a text asks. "-", "*", "#" and "!" are such where they stand at numbers, names or brackets. */
const signs = [
  '[\\p{Sm}\\p{Sc}\\p{So}^%&@/\\\\()[\\]{}]',
  '(?<=[\\p{N})\\]] ?)[-*]|[-*](?= ?[\\p{N}([])',
  '(?<![\\p{L}\\p{N}-])-(?=\\p{L})',
  '(?<=\\p{L})\\*(?=\\p{L})',
  '(?<=[\\p{L}\\p{N}])#|#(?=\\p{N})',
  '(?<=\\p{N})!|!(?==)',
  "(?<=\\p{L})['’′](?=\\()",
];

const kept = new RegExp([number, word, ...signs].join('|'), 'gu');

/**
 * Text as it is compared: lower case, composed (NFC), words and signs with single spaces between them. What only dresses a
 * sentence is dropped: full stops, commas, quotation marks, hyphens within words. Signs stay, so that "7+5" is not "7-5".
 */
export function normalizeText(text: string): string {
  const plain = text
    .toLowerCase()
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-');
  return plain.match(kept)?.join(' ') ?? exactText(text);
}

/** Text that differs from another in white space and Unicode composition alone is the same by this. */
export const exactText = (text: string): string => text.normalize('NFC').replace(/\s+/gu, ' ').trim();

/** Scripts that put no spaces between words. */
const unspacedScripts = [
  ...['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Yi', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'],
  ...['Tai_Le', 'New_Tai_Lue', 'Tai_Tham', 'Javanese', 'Balinese'],
];
const unspaced = unspacedScripts.map((script) => `\\p{Script=${script}}`).join('');
const unit = new RegExp(`[${unspaced}]\\p{M}*|[^\\s${unspaced}]+`, 'gu');

/**
 * The words of a text; where a script puts no spaces between them, its characters. Not `Intl.Segmenter`, whose dictionaries
 * differ between versions of Node: what is counted here stands in artifacts.
 */
export const unitsOf = (text: string): string[] => text.normalize('NFC').match(unit) ?? [];

const begunWord = new RegExp(`[^\\s${unspaced}\\u3000-\\u303f\\uff00-\\uffef]+$`, 'u');

/** A text that was cut anywhere, up to the end of a word. */
export const upToWordEnd = (text: string): string => text.replace(begunWord, '');
