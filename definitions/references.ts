import { referenceTo } from '../code/exports';
import { BudgetlineError } from '../core/failures';

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value is a user's function or stage kind itself; plain JSON has no functions. */
const isMember = (value: unknown): boolean =>
  typeof value === 'function' ||
  (isObject(value) && Object.values(value).some((field) => typeof field === 'function'));

function refer(value: unknown, field: string): unknown {
  if (!isMember(value)) return value;
  const found = referenceTo(value);
  if (found !== undefined) return found;
  const what = typeof value === 'function' ? 'function' : 'object';
  throw new BudgetlineError('DEFINITION_INVALID', `${field}: no module exports this ${what}.`, {
    remedy:
      'Export it from its module, before the definition is made; or name it as { module, export }, as an ES module must that Node itself loads.',
    details: { field },
  });
}

const mapFields = (object: object, change: (value: unknown, name: string) => unknown): object =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));

/** Fields of a definition, or changes of an axis. */
const namedIn = (fields: object, where: string): object =>
  mapFields(fields, (value, name) => {
    const field = `${where}${name}`;
    if (name === 'pipeline') return refer(value, field);
    if (name !== 'stageKinds' || !Array.isArray(value)) return value;
    return value.map((each, at) => refer(each, `${field}[${at}]`));
  });

const inAxes = (axes: object): object =>
  mapFields(axes, (axis, name) =>
    isObject(axis)
      ? mapFields(axis, (changes, label) =>
          isObject(changes) ? namedIn(changes, `axes["${name}"], ${label}: `) : changes,
        )
      : axis,
  );

/**
 * A definition with the users' functions and stage kinds by module and export, so that it is plain JSON.
 *
 * @throws BudgetlineError DEFINITION_INVALID, with the field of one that no module exports
 */
export function withReferences(input: unknown): unknown {
  if (!isObject(input)) return input;
  return mapFields(namedIn(input, ''), (value, name) =>
    name === 'axes' && isObject(value) ? inAxes(value) : value,
  );
}
