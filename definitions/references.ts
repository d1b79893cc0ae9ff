import { referenceTo } from '../code/exports';
import { BudgetlineError } from '../core/failures';
import { isRecord } from '../core/is-record';

/** Whether a value is a user's function or stage kind itself; plain JSON has no functions. */
const isMember = (value: unknown): boolean =>
  typeof value === 'function' ||
  (isRecord(value) && Object.values(value).some((field) => typeof field === 'function'));

function refer(value: unknown, field: string): unknown {
  if (!isMember(value)) return value;
  const found = referenceTo(value);
  if (found !== undefined) return found;
  const [what, how] =
    typeof value === 'function'
      ? ['function', `Write: export const ${value.name || 'NAME'}: Pipeline = …;`]
      : ['object', 'Export it from its module,'];
  throw new BudgetlineError('DEFINITION_INVALID', `${field}: no module exports this ${what}.`, {
    remedy: `${how} before the definition is made. In an ES module that Node itself loads, name it as { module, export }.`,
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

function assertNamed(axis: unknown, name: string): void {
  if (!Array.isArray(axis) || !axis.some((value) => typeof value === 'function')) return;
  const field = `axes.${name}`;
  const message = `${field}: name each function: axes: { method: { a: { pipeline: a }, b: { pipeline: b } } }.`;
  throw new BudgetlineError('DEFINITION_INVALID', message, { details: { field } });
}

const inAxes = (axes: object): object =>
  mapFields(axes, (axis, name) => {
    assertNamed(axis, name);
    if (!isRecord(axis)) return axis;
    return mapFields(axis, (changes, label) =>
      isRecord(changes) ? namedIn(changes, `axes["${name}"], ${label}: `) : changes,
    );
  });

/**
 * A definition with the users' functions and stage kinds by module and export, so that it is plain JSON.
 *
 * @throws BudgetlineError DEFINITION_INVALID, with the field of one that no module exports or that an axis lists
 */
export function withReferences(input: unknown): unknown {
  if (!isRecord(input)) return input;
  return mapFields(namedIn(input, ''), (value, name) =>
    name === 'axes' && isRecord(value) ? inAxes(value) : value,
  );
}
