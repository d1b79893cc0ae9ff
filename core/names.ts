/** Names that are valid for files on all systems, and unchanged in ids. */
const pattern = /^[A-Za-z0-9][A-Za-z0-9._:@+=-]*$/;

const longestName = 200;

/** The rule in words, for messages. */
export const nameRule = (longest = longestName): string =>
  `letters, digits and . _ : @ + = -, a letter or digit first, at most ${longest}`;

/** Whether a text may name a task, annotator, judge or axis, and files after it. */
export const isName = (text: string): boolean => text.length <= longestName && pattern.test(text);

/** For comparing names that become files: some file systems ignore case. */
export const withoutCase = (name: string): string => name.toLowerCase();

/** An object's own field, for names that a user chose: "constructor" is inherited. */
export const ownField = <T>(object: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]|s$/g, '');

/** Levenshtein distance: the letters to insert, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
    }
    row = next;
  }
  return row[b.length]!;
}

const farthest = 2;
/** Shorter names are too often near to another one: "beta" and "beta1". */
const shortest = 6;

/** The known name that somebody meant who wrote `sft_fractions`, `seed` or `leraningRate`. */
export function meantName(name: string, known: readonly string[]): string | undefined {
  const same = known.find((each) => plain(each) === plain(name));
  if (same !== undefined || name.length < shortest) return same;
  const near = known.map((each) => ({ each, far: distance(plain(each), plain(name)) }));
  return near.filter(({ far }) => far <= farthest).sort((a, b) => a.far - b.far)[0]?.each;
}
