import { foreignNames, type Place, type RetiredWord } from './words';

/** Something that a user reads: a name, or a text. */
export interface Finding {
  /** Where it is: a path in a schema, a command, a declaration, a page and its line. */
  readonly at: string;
  readonly places: readonly Place[];
  readonly text: string;
}

/** `batchRows`, `--batch-rows` and `batch_rows` as ["batch", "rows"]. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '');

const phrase = (words: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\d])${wordsOf(words).join("[\\s_’'-]*")}(?![\\p{L}\\d])`, 'iu');

const spaced = (text: string): string => ` ${wordsOf(text).join(' ')} `;

const spellings = (old: string): string[] =>
  old.endsWith('(s)') ? [old.slice(0, -3), `${old.slice(0, -3)}s`] : [old];

function isSpelled(old: string, place: Place, text: string): boolean {
  if (place === 'text') return phrase(old).test(text);
  if (place === 'member' || place === 'metric') return text === old;
  if (place === 'part') return spaced(text).includes(spaced(old));
  return spaced(text) === spaced(old);
}

const isFound = (old: string, place: Place, text: string): boolean =>
  spellings(old).some((spelling) => isSpelled(spelling, place, text));

/** Every retired word that a text holds, as a line that says where it is and what to write. */
export function retiredIn(findings: readonly Finding[], words: readonly RetiredWord[]): string[] {
  const own = findings.filter(({ text }) => !foreignNames.includes(text));
  return own.flatMap(({ at, places, text }) =>
    words
      .filter((word) => places.some((place) => word.places.includes(place) && isFound(word.old, place, text)))
      .map(({ old, now }) => `${at}: "${old}", now: ${now}`),
  );
}
