/** What names a file or a folder on every file system and stands in an id as it is. */
const pattern = /^[A-Za-z0-9][A-Za-z0-9._:@+=-]*$/;

const longestName = 200;

/** The rule in words, for messages. */
export const nameRule = (longest = longestName): string =>
  `letters, digits and . _ : @ + = -, a letter or digit first, at most ${longest}`;

/** One rule for the names of tasks, annotators, judges and axes, and for what files are called after them. */
export const isName = (text: string): boolean => text.length <= longestName && pattern.test(text);

/** Some file systems do not tell capitals apart: names that stand side by side differ in more than these. */
export const withoutCase = (name: string): string => name.toLowerCase();

/** What an object of its own has under a name that a user chose: "constructor" is no field of it. */
export const ownField = <T>(object: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;
