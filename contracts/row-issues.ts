import { pathText, valueAt } from '../core/field-path';

/** An issue of zod or a schema like it; fields after `message` are optional. */
export interface RowIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly expected?: unknown;
  readonly origin?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly values?: readonly unknown[];
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  int: 'whole number',
  boolean: 'truth value',
  array: 'list',
  object: 'object',
  tuple: 'list',
  record: 'object',
};

/** A field's path as text; "the row" for an empty path. */
export const fieldText = (path: readonly PropertyKey[]): string => pathText(path) || 'the row';

/** Describes a bound on a text's length, a list's length or a number. */
function boundText({ code, origin, minimum, maximum }: RowIssue): string {
  const [bound, less, more] =
    code === 'too_small' ? [Number(minimum), 'fewer', 'below'] : [Number(maximum), 'more', 'above'];
  if (origin === 'string')
    return bound === 1 && code === 'too_small' ? 'is empty' : `has ${less} than ${bound} characters`;
  if (origin === 'array') return `has ${less} than ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `is ${more} ${bound}`;
}

/** Describes an issue, as the predicate of a sentence: "is missing", "is not a text". */
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
