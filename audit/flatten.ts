import { canonicalJson } from '../core/canonical-json';

/** Leaves of a value by path, as canonical JSON: { "sft.lora.rank": "4" }. Empty objects and arrays are leaves. */
export function flatten(value: unknown, path = ''): Map<string, string> {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isBranch) return new Map(value === undefined ? [] : [[path, canonicalJson(value)]]);
  const join = (name: string): string =>
    Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
  return new Map(Object.entries(value).flatMap(([name, part]) => [...flatten(part, join(name))]));
}

/** A field that differs between two values; null on the side without the field. */
export interface FieldDifference {
  readonly field: string;
  readonly a: string | null;
  readonly b: string | null;
}

/** Leaves that differ between two values, sorted by path. */
export function compareFields(a: unknown, b: unknown): FieldDifference[] {
  const [left, right] = [flatten(a), flatten(b)];
  const fields = [...new Set([...left.keys(), ...right.keys()])].sort();
  return fields.flatMap((field) => {
    const [one, other] = [left.get(field) ?? null, right.get(field) ?? null];
    return one === other ? [] : [{ field, a: one, b: other }];
  });
}
