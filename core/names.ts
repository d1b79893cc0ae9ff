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
