import { isRecord } from '../core/is-record';
import { type Fields, isAbsent } from './layouts/row';

/**
 * Row field → column of the file, nested by dots: { prompt: 'data.question' }. Several columns make one text, joined by a
 * blank line: { prompt: ['instruction', 'input'] }. `unused` names columns that are left out on purpose.
 */
export type ColumnMapping = Readonly<Record<string, string | readonly string[]>>;

export const columnsOf = (columns: string | readonly string[] = []): readonly string[] =>
  typeof columns === 'string' ? [columns] : columns;

function valueAt(fields: Fields, path: string): unknown {
  // A column's own name may hold a dot.
  if (Object.hasOwn(fields, path)) return fields[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, part) => (isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined),
      fields,
    );
}

const isList = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** The text of several columns; absent and empty parts are left out. */
function joined(fields: Fields, paths: readonly string[]): unknown {
  const values = paths.map((path) => valueAt(fields, path));
  if (values.length === 1) return values[0];
  const parts = values.filter((value) => !isAbsent(value));
  if (parts.some(isList)) return parts;
  return parts.length === 0 ? undefined : parts.map(String).join('\n\n');
}

const rootOf = (fields: Fields, path: string): string =>
  Object.hasOwn(fields, path) ? path : (path.split('.')[0] ?? path);

/** The parts of nested columns that no field of the mapping names, each with its path. */
function restOf(fields: Fields, root: string, paths: readonly string[]): [string, unknown][] {
  const value = fields[root];
  if (!isRecord(value) || paths.includes(root)) return [];
  const isNamed = (path: string): boolean =>
    paths.some((named) => named === path || named.startsWith(`${path}.`));
  return Object.entries(value)
    .map(([name, part]): [string, unknown] => [`${root}.${name}`, part])
    .filter(([path]) => !isNamed(path));
}

/** A record with its columns renamed to row fields; columns that the mapping does not name keep theirs. */
export function mapColumns(fields: Fields, mapping: ColumnMapping): Fields {
  const paths = Object.values(mapping).flatMap(columnsOf);
  const taken = new Set(paths.map((path) => rootOf(fields, path)));
  const kept = Object.entries(fields)
    .filter(([name]) => !taken.has(name))
    .map(([name, value]): [string, unknown] => [
      Object.hasOwn(mapping, name) ? `${name} (column)` : name,
      value,
    ]);
  const rest = [...taken].flatMap((root) => restOf(fields, root, paths));
  const named = Object.entries(mapping)
    .filter(([name]) => name !== 'unused')
    .map(([name, columns]): [string, unknown] => [name, joined(fields, columnsOf(columns))]);
  return Object.fromEntries([...kept, ...rest, ...named]);
}
