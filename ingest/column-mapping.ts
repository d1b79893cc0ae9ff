import { isRecord } from '../core/is-record';
import { type Fields, isBlank } from './layouts/row';

/**
 * Row field → column of the file, nested by dots: { prompt: 'data.question' }; of a list of objects the list of a field:
 * { completions: 'answers.text' }. Several columns make one text, joined by a
 * blank line: { prompt: ['instruction', 'input'] }. `unused` names columns that are left out on purpose.
 */
export type ColumnMapping = Readonly<Record<string, string | readonly string[]>>;

export const columnsOf = (columns: string | readonly string[] = []): readonly string[] =>
  typeof columns === 'string' ? [columns] : columns;

/** A field of an object; of a list of objects the list of their fields, if one of them has it. */
function partOf(value: unknown, name: string): unknown {
  if (isRecord(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
  const parts = Array.isArray(value) ? value.map((each: unknown) => partOf(each, name)) : [];
  return parts.every((part) => part === undefined || part === null) ? undefined : parts;
}

function valueAt(fields: Fields, path: string): unknown {
  // A column's own name may hold a dot.
  if (Object.hasOwn(fields, path)) return fields[path];
  return path.split('.').reduce<unknown>(partOf, fields);
}

const isList = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** The text of several columns; absent and empty parts are left out. */
function joined(fields: Fields, paths: readonly string[]): unknown {
  const values = paths.map((path) => valueAt(fields, path));
  if (values.length === 1) return values[0];
  const parts = values.filter((value) => !isBlank(value));
  if (parts.some(isList)) return parts;
  return parts.length === 0 ? undefined : parts.map(String).join('\n\n');
}

const rootOf = (fields: Fields, path: string): string =>
  Object.hasOwn(fields, path) ? path : (path.split('.')[0] ?? path);

/** The parts of nested columns that no field of the mapping names, each with its path. */
function restOf(fields: Fields, root: string, paths: readonly string[]): [string, unknown][] {
  const value = fields[root];
  if (value === undefined || paths.includes(root)) return [];
  const records = (Array.isArray(value) ? value : [value]).filter((each) => isRecord(each));
  if (records.length === 0) return [[root, value]];
  const isNamed = (path: string): boolean =>
    paths.some((named) => named === path || named.startsWith(`${path}.`));
  return [...new Set(records.flatMap((each) => Object.keys(each)))]
    .map((name): [string, unknown] => [`${root}.${name}`, partOf(value, name)])
    .filter(([path]) => !isNamed(path));
}

/** A record with its columns renamed to row fields; columns that the mapping does not name keep theirs. */
export function mapColumns(fields: Fields, mapping: ColumnMapping): Fields {
  const paths = Object.values(mapping).flatMap(columnsOf);
  const taken = new Set(paths.map((path) => rootOf(fields, path)));
  const kept = Object.entries(fields).filter(([name]) => !taken.has(name));
  const rest = [...taken].flatMap((root) => restOf(fields, root, paths));
  const unnamed = [...kept, ...rest].map(([name, value]): [string, unknown] => [
    Object.hasOwn(mapping, name) ? `${name} (column)` : name,
    value,
  ]);
  const named = Object.entries(mapping)
    .filter(([name]) => name !== 'unused')
    .map(([name, columns]): [string, unknown] => [name, joined(fields, columnsOf(columns))]);
  return Object.fromEntries([...unnamed, ...named]);
}

/** The texts of columns that the mapping joins: each may be a question of its own. */
export function joinedTexts(fields: Fields, { unused: _, ...mapping }: ColumnMapping): string[] {
  const joins = Object.values(mapping).filter((columns) => columnsOf(columns).length > 1);
  const values = joins.flatMap(columnsOf).map((path) => valueAt(fields, path));
  return values.filter((value) => typeof value === 'string' && !isBlank(value)) as string[];
}
