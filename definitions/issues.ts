import { pathText, valueAt } from '../contracts/field-path';
import type { fieldsOf } from '../schemas/fields';
import type { sweepDefinition } from '../schemas/definition';

// This file loads zod, as define.ts does.

export type Issue = NonNullable<ReturnType<typeof sweepDefinition.safeParse>['error']>['issues'][number];

export type Fields = ReturnType<typeof fieldsOf>;

/** Fields are known of every element of a list alike. */
const kindOfPath = (path: string): string => path.replace(/\[\d+\]/g, '[]');

const isFraction = (path: string): boolean => /sftFraction|Ratio$|beta[12]$|delta$/.test(path);

function boundReason(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, path: string): string {
  const side = issue.code === 'too_small' ? 'below' : 'above';
  const bound = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum);
  if (isFraction(path)) return `is ${side} ${bound}; a fraction lies between 0 and 1`;
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

/** What would do in a wrong value's place. */
function needOf(issue: Issue, path: string, fields: Fields): string {
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code !== 'invalid_type')
    return issue.message
      .replace(/^Invalid discriminator value\. Expected/, 'one of')
      .replaceAll("'", '"')
      .replaceAll(' | ', ', ');
  const known = issue.expected === 'object' ? fields.get(kindOfPath(path)) : undefined;
  const inside = known === undefined ? '' : ` with ${[...known].join(', ')}`;
  return `${nouns[issue.expected] ?? issue.expected} is needed${inside}`;
}

function reasonOf(issue: Issue, path: string, value: unknown, fields: Fields): string {
  const need = needOf(issue, path, fields);
  if (value === undefined) return need.startsWith('one of') ? `is missing; ${need}` : 'is missing';
  const shown = JSON.stringify(value) as string | undefined;
  const given = shown === undefined || shown.length > 60 ? `a value of type ${typeof value}` : shown;
  if ((issue.code === 'too_small' || issue.code === 'too_big') && typeof value === 'number')
    return `${given} ${boundReason(issue, path)}`;
  return `${given}: ${need}`;
}

/** "preference.beta: no such field; there is preference.loss.beta": where else the name is, or what the object has. */
function unknownField(parent: string, key: string, fields: Fields): string {
  const path = (object: string): string => (object === '' ? key : `${object}.${key}`);
  const known = fields.get(kindOfPath(parent)) ?? new Set();
  if (known.has(key)) return `${path(parent)}: no such field here; another kind of ${parent} has it`;
  const elsewhere = [...fields].filter(([, names]) => names.has(key)).map(([object]) => path(object));
  const here = `there are ${[...known].join(', ')}`;
  const there = `there is ${elsewhere.join(', ')}`;
  // An element of a list is not what somebody had in mind who meant a field of the whole definition.
  const hint = elsewhere.length === 0 ? here : parent.includes('[') ? `here ${here}` : there;
  return `${path(parent)}: no such field; ${hint}`;
}

/** One line a wrong field: what is wrong with it, and what would do. */
export function describeIssue(issue: Issue, input: unknown, fields: Fields): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key, fields));
  const name = path === '' ? 'the definition' : path;
  return [`${name}: ${reasonOf(issue, path, valueAt(input, issue.path), fields)}`];
}
