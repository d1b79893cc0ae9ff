import { pathText, valueAt } from './field-path';

/** What a schema of zod's kind says of a row; beyond path and message as far as it says it. */
export interface RowIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly expected?: unknown;
  readonly origin?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly values?: readonly unknown[] | undefined;
}

const nouns: Readonly<Record<string, string>> = {
  ...{ string: 'text', number: 'number', int: 'whole number', boolean: 'truth value', array: 'list' },
  ...{ object: 'object', tuple: 'list', record: 'object' },
};

/** A row's field by its path; the row itself where there is none. */
export const fieldText = (path: readonly PropertyKey[]): string => pathText(path) || 'the row';

/** How far a size is off: of texts and lists by what they hold, of numbers by themselves. */
function boundText({ code, origin, minimum, maximum }: RowIssue): string {
  const [bound, less, more] =
    code === 'too_small' ? [Number(minimum), 'fewer', 'below'] : [Number(maximum), 'more', 'above'];
  if (origin === 'string')
    return bound === 1 && code === 'too_small' ? 'is empty' : `has ${less} than ${bound} characters`;
  if (origin === 'array') return `has ${less} than ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `is ${more} ${bound}`;
}

/** What is wrong with a field of a row, to stand behind its name: "is missing", "is not a text". */
export function issueText(issue: RowIssue, row: unknown): string {
  const { code, expected, values, path, message } = issue;
  if (code === 'invalid_type' || code === 'invalid_value')
    if (path.length > 0 && valueAt(row, path) === undefined) return 'is missing';
  if (code === 'invalid_type') {
    const noun = nouns[String(expected)] ?? String(expected);
    return `is not ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
  }
  if (code === 'invalid_value' && values !== undefined)
    return `is none of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (code === 'too_small' || code === 'too_big') return boundText(issue);
  return message;
}
