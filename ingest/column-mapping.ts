import type { Fields } from './shapes';

/** Row field → column of the file, nested by dots: { prompt: 'data.question' }. */
export type ColumnMapping = Readonly<Record<string, string>>;

function valueAt(fields: Fields, path: string): unknown {
  // A column's own name may hold a dot.
  if (Object.hasOwn(fields, path)) return fields[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, part) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, part)
          ? (value as Record<string, unknown>)[part]
          : undefined,
      fields,
    );
}

/** CSV cells hold lists as JSON text. */
function unpack(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\[\s*(?:[{"\d-])/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

const listFields = ['messages', 'prompt', 'chosen', 'rejected', 'completions', 'ranks'];

/** Unpacks chat messages in any field, other lists only in fields that hold lists by name. */
function isUnpacked(name: string, value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isTurns = value.every((turn) => typeof turn === 'object' && turn !== null && 'role' in turn);
  return isTurns || ['completions', 'ranks'].includes(name);
}

/** A record with its columns renamed to row fields; columns that the mapping does not name keep theirs. */
export function mapColumns(fields: Fields, mapping: ColumnMapping): Fields {
  const taken = new Set(
    Object.values(mapping).map((path) => (Object.hasOwn(fields, path) ? path : path.split('.')[0])),
  );
  const kept = Object.entries(fields).filter(([name]) => !taken.has(name) || mapping[name] === name);
  const named = Object.entries(mapping).map(([name, path]) => [name, valueAt(fields, path)] as const);
  return Object.fromEntries(
    [...kept, ...named].map(([name, value]) => {
      const list = listFields.includes(name) ? unpack(value) : value;
      return [name, isUnpacked(name, list) ? list : value];
    }),
  );
}
