import type { Fields } from './shapes';

/** Field of a row → where a record has it, dots between: { prompt: 'data.question' }. */
export type FieldMap = Readonly<Record<string, string>>;

function valueAt(fields: Fields, path: string): unknown {
  // A column whose name holds a dot is meant as it stands.
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

/** Lists in a cell of CSV are written as JSON; only a text that is one is taken for one. */
function unpack(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\[\s*(?:[{"\d-])/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

const listFields = ['messages', 'prompt', 'chosen', 'rejected', 'completions', 'ranks'];

/** Lists of turns are unpacked anywhere, other lists only where a field is one by its name. */
function isMeantAsList(name: string, value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isTurns = value.every((turn) => typeof turn === 'object' && turn !== null && 'role' in turn);
  return isTurns || ['completions', 'ranks'].includes(name);
}

/** A record's fields by the names that rows have; fields that the map does not name keep theirs. */
export function mapFields(fields: Fields, map: FieldMap): Fields {
  const taken = new Set(
    Object.values(map).map((path) => (Object.hasOwn(fields, path) ? path : path.split('.')[0])),
  );
  const kept = Object.entries(fields).filter(([name]) => !taken.has(name) || map[name] === name);
  const named = Object.entries(map).map(([name, path]) => [name, valueAt(fields, path)] as const);
  return Object.fromEntries(
    [...kept, ...named].map(([name, value]) => {
      const list = listFields.includes(name) ? unpack(value) : value;
      return [name, isMeantAsList(name, list) ? list : value];
    }),
  );
}
