const number = '(?:(?<![\\p{L}\\p{N}])\\.)?\\p{N}+(?:[.,:]\\p{N}+)+|(?<![\\p{L}\\p{N}])\\.\\p{N}+';
const word = '[\\p{L}\\p{M}\\p{N}]+';

/** Signs that change a text's meaning. "-", "*", "#" and "!" count only next to numbers, names or brackets. */
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
 * Normalises text for comparison: lower case, NFC, words and signs with single spaces between them. Full stops, commas,
 * quotation marks and hyphens within words are removed. Signs stay, so that "7+5" is not "7-5".
 */
export function normalizeText(text: string): string {
  const plain = text
    .toLowerCase()
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-');
  return plain.match(kept)?.join(' ') ?? exactText(text);
}

/** Normalises only white space and Unicode composition. */
export const exactText = (text: string): string => text.normalize('NFC').replace(/\s+/gu, ' ').trim();

/** Scripts without spaces between words. */
const unspacedScripts = [
  ...['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Yi', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'],
  ...['Tai_Le', 'New_Tai_Lue', 'Tai_Tham', 'Javanese', 'Balinese'],
];
const unspaced = unspacedScripts.map((script) => `\\p{Script=${script}}`).join('');
const unit = new RegExp(`[${unspaced}]\\p{M}*|[^\\s${unspaced}]+`, 'gu');

/**
 * The words of a text; in scripts without spaces its characters. Not by `Intl.Segmenter`, whose dictionaries differ
 * between versions of Node: these counts are in artifacts.
 */
export const unitsOf = (text: string): string[] => text.normalize('NFC').match(unit) ?? [];

const begunWord = new RegExp(`[^\\s${unspaced}\\u3000-\\u303f\\uff00-\\uffef]+$`, 'u');

/** Removes an incomplete last word. */
export const upToWordEnd = (text: string): string => text.replace(begunWord, '');
