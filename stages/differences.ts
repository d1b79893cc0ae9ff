import { isRecord } from '../core/is-record';
import { canonicalJson } from '../core/canonical-json';
import { isText } from './forms';

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));

function shown(value: unknown): string {
  if (value === undefined) return 'off';
  if (Array.isArray(value)) return value.join('+');
  return isText(value) ? value : canonicalJson(value);
}

/** Settings that differ from those before, each with its value: "beta 0.2", "lora.rank 8". */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (same(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [`${path} ${shown(after)}`];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) =>
    differences(before[name], after[name], path === '' ? name : `${path}.${name}`),
  );
}

/** A title with the settings that differ from the definition's. */
export const withDifferences = (title: string, found: readonly string[]): string =>
  found.length === 0 ? title : `${title} (${found.join(', ')})`;
