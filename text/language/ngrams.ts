import { isUpper } from '../characters';

/** Blocks whose characters all count as one: the block itself identifies the language. */
const blocks: readonly [from: string, to: string, as: string][] = [
  ['\u2000', '\u206f', ' '],
  ['\u1ea0', '\u1eff', '\u1ec3'],
  ['\u3040', '\u309f', '\u3042'],
  ['\u30a0', '\u30ff', '\u30a2'],
  ['\u3100', '\u312f', '\u3105'],
  ['\u31a0', '\u31bf', '\u3105'],
  ['\uac00', '\ud7af', '\uac00'],
];

/** No-break space, quotation marks and the degree sign; Romanian commas as cedillas; Farsi yeh as Arabic yeh. */
const single: Readonly<Record<string, string>> = {
  '\u00a0': ' ',
  '\u00ab': ' ',
  '\u00b0': ' ',
  '\u00bb': ' ',
  '\u0219': '\u015f',
  '\u021b': '\u0163',
  '\u06cc': '\u064a',
};

function normalizeCharacter(character: string, kanji: ReadonlyMap<string, string>): string {
  if (character <= '\u007f') return /[A-Za-z]/.test(character) ? character : ' ';
  const block = blocks.find(([from, to]) => character >= from && character <= to && character.length === 1);
  return block?.[2] ?? single[character] ?? kanji.get(character) ?? character;
}

/**
 * The n-grams of one to three characters of a text, with a space between words. Words in capitals are skipped:
 * abbreviations do not depend on the language.
 */
export function* characterNgrams(text: string, kanji: ReadonlyMap<string, string>): Generator<string> {
  let window = [' '];
  let inCapitals = false;
  for (const original of text) {
    const character = normalizeCharacter(original, kanji);
    const last = window.at(-1) ?? ' ';
    if (last === ' ') window = [' '];
    else if (window.length >= 3) window = window.slice(1);
    if (last !== ' ' || character !== ' ') window.push(character);
    inCapitals = character !== ' ' && isUpper(character) && (inCapitals || isUpper(last));
    if (inCapitals) continue;
    for (let size = 1; size <= window.length; size += 1) yield window.slice(-size).join('');
  }
}
