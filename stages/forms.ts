import { meantName } from '../core/names';

export type Fields = Readonly<Record<string, unknown>>;
/** A check of a value, and what it expects in words. */
export type Form = readonly [hasForm: (value: unknown) => boolean, form: string];
/** Forms by field. A field whose form accepts undefined may be left out. */
export type Forms = Readonly<Record<string, Form>>;

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isFilled = (value: unknown): boolean => isText(value) && value !== '';
export const isAmount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
export const isCount = (value: unknown): boolean => isAmount(value) && Number.isInteger(value);

/** A finite number within bounds. */
export const within = (holds: (value: number) => boolean, form: string): Form => [
  (value) => Number.isFinite(value) && holds(value as number),
  form,
];

export const count: Form = [
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
  'a whole number above 0',
];
export const positive = within((value) => value > 0, 'a number above 0');
export const nonnegative = within((value) => value >= 0, 'a number from 0 on');
export const fraction = within((value) => value >= 0 && value <= 1, 'a number from 0 to 1');
export const below = (limit: number, from: Form): Form => [
  (value) => from[0](value) && (value as number) < limit,
  `${from[1]}, below ${limit}`,
];
export const flag: Form = [(value) => typeof value === 'boolean', 'true or false'];
export const oneOf = (...values: readonly unknown[]): Form => [
  (value) => values.includes(value),
  values.map((value) => JSON.stringify(value)).join(' or '),
];
export const orNull = ([hasForm, form]: Form): Form => [
  (value) => value === null || hasForm(value),
  `${form}, or null,`,
];
export const optional = ([hasForm, form]: Form): Form => [
  (value) => value === undefined || hasForm(value),
  form,
];
/** Every form as one of a field that may be left out. */
export const allOptional = <F extends Forms>(forms: F): F =>
  Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, optional(form)])) as F;

/** An object without its undefined fields. */
export const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Names of fields that are missing or have another form, with the form: "title (a text)". */
export const wrongIn = (found: Fields, forms: Forms, above = ''): string[] =>
  Object.entries(forms)
    .filter(([name, [hasForm]]) => !hasForm(found[name]))
    .map(([name, [, form]]) => `${above}${name} (${form})`);

/** A field that is wrong, and why. */
export interface WrongField {
  readonly field: string;
  readonly reason: string;
}

/** What was passed; a stage by its title and what it makes. */
function shown(value: unknown): string {
  // JSON has no NaN.
  if (typeof value === 'number') return String(value);
  if (value === null || isText(value) || typeof value === 'boolean') return JSON.stringify(value);
  if (value instanceof Promise) return 'a promise that is not awaited';
  const { title, makes } = (value ?? {}) as Fields;
  return isText(title) && isText(makes) ? `${JSON.stringify(title)} (${makes})` : 'another value';
}

function unknownField(name: string, forms: Forms): string {
  const meant = meantName(name, Object.keys(forms));
  return meant === undefined
    ? `no such field; there are ${Object.keys(forms).join(', ')}`
    : `no such field; did you mean ${meant}?`;
}

/** Fields of an object that have no form, or another one than theirs. Undefined is the same as left out. */
export function wrongFields(found: Fields, forms: Forms, above = ''): WrongField[] {
  const named = Object.keys(found).filter((name) => found[name] !== undefined);
  const unknown = named
    .filter((name) => !Object.hasOwn(forms, name))
    .map((name) => ({ field: `${above}${name}`, reason: unknownField(name, forms) }));
  const wrong = Object.entries(forms)
    .filter(([name, [hasForm]]) => !hasForm(found[name]))
    .map(([name, [, form]]) => {
      const is = found[name] === undefined ? 'is missing' : shown(found[name]);
      return { field: `${above}${name}`, reason: `${is}; ${form} is needed` };
    });
  return [...unknown, ...wrong];
}
