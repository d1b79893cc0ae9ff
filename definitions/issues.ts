import { pathText, valueAt } from '../core/field-path';
import { meantName } from '../core/names';
import type { fieldsOf } from '../schemas/fields';
import type { sweepDefinition } from '../schemas/definition';

export type Issue = NonNullable<ReturnType<typeof sweepDefinition.safeParse>['error']>['issues'][number];

export type Fields = ReturnType<typeof fieldsOf>;

/** A path with list indexes left out: all elements of a list have the same fields. */
const schemaPath = (path: string): string => path.replace(/\[\d+\]/g, '[]');

const isFraction = (path: string): boolean => /Fraction|Ratio$|beta[12]$|equivalenceMargin$/.test(path);

function boundReason(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, path: string): string {
  const side = issue.code === 'too_small' ? 'below' : 'above';
  const bound = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum);
  if (isFraction(path)) return `is ${side} ${bound}; a fraction is between 0 and 1`;
  const inclusive = issue.inclusive ?? true;
  if (issue.code === 'too_small') return inclusive ? `is below ${bound}` : `is not above ${bound}`;
  return inclusive ? `is above ${bound}` : `is not below ${bound}`;
}

const nouns: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
};

/** The values that a field accepts. */
function expectedOf(issue: Issue, path: string, fields: Fields): string {
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code !== 'invalid_type')
    return issue.message
      .replace(/^Invalid discriminator value\. Expected/, 'one of')
      .replaceAll("'", '"')
      .replaceAll(' | ', ', ');
  const known = issue.expected === 'object' ? fields.get(schemaPath(path)) : undefined;
  const inside = known === undefined ? '' : ` with ${[...known].join(', ')}`;
  return `${nouns[issue.expected] ?? issue.expected} is needed${inside}`;
}

function shownValue(value: unknown): string {
  // JSON has neither NaN nor bigints.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined || json.length > 60 ? `a value of type ${typeof value}` : json;
}

function reasonOf(issue: Issue, path: string, value: unknown, fields: Fields): string {
  const expected = expectedOf(issue, path, fields);
  if (value === undefined) return expected.startsWith('one of') ? `is missing; ${expected}` : 'is missing';
  const shown = shownValue(value);
  if ((issue.code === 'too_small' || issue.code === 'too_big') && typeof value === 'number')
    return `${shown} ${boundReason(issue, path)}`;
  return `${shown}: ${expected}`;
}

/** "preference.beta: no such field; there is preference.loss.beta": where the name exists, or the object's fields. */
function unknownField(parent: string, key: string, fields: Fields): string {
  const path = (object: string): string => (object === '' ? key : `${object}.${key}`);
  const known = fields.get(schemaPath(parent)) ?? new Set();
  if (known.has(key)) return `${path(parent)}: no such field here; another kind of ${parent} has it`;
  const meant = meantName(key, [...known]);
  if (meant !== undefined) return `${path(parent)}: no such field; did you mean ${meant}?`;
  const elsewhere = [...fields].filter(([, names]) => names.has(key)).map(([object]) => path(object));
  const here = `there are ${[...known].join(', ')}`;
  const there = `there is ${elsewhere.join(', ')}`;
  // Inside a list element, a field of the same name elsewhere is a misleading hint.
  const hint = elsewhere.length === 0 ? here : parent.includes('[') ? `here ${here}` : there;
  return `${path(parent)}: no such field; ${hint}`;
}

/** One line per invalid field: its value and what it accepts. */
export function describeIssue(issue: Issue, input: unknown, fields: Fields): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key, fields));
  const name = path === '' ? 'the definition' : path;
  return [`${name}: ${reasonOf(issue, path, valueAt(input, issue.path), fields)}`];
}
