import { demonstrationLayouts } from './demonstrations';
import type { Layout, Texts } from './layout';
import { refuse, type Row } from './row';

const positiveLabels = ['true', '1', 'yes', 'up', 'chosen', 'good', 'positive', 'desirable'];
const negativeLabels = ['false', '0', 'no', 'down', 'rejected', 'bad', 'negative', 'undesirable'];

/** KTO's label, and LLaMA-Factory's name of it. */
export const labelFields = ['label', 'kto_tag'];

/** A word as programs write it: true, "True", 1, 1n, "1.0", " yes". */
export function wordOf(value: unknown): string {
  const written = ['boolean', 'number', 'bigint', 'string'].includes(typeof value) ? String(value) : '';
  return written
    .trim()
    .toLowerCase()
    .replace(/^(\d+)\.0*$/, '$1');
}

export const isNegative = (label: unknown): boolean => negativeLabels.includes(wordOf(label));

export function readTruth(field: string, value: unknown): boolean {
  const word = wordOf(value);
  if (positiveLabels.includes(word)) return true;
  if (negativeLabels.includes(word)) return false;
  return refuse(
    field,
    `is none of ${positiveLabels.join(', ')} (positive) and ${negativeLabels.join(', ')} (negative)`,
    'Write one of these in the file.',
  );
}

/** A row's label; fields that hold it must agree. */
function takeLabel(row: Row): boolean {
  const [first, ...others] = labelFields.filter((name) => row.has(name)) as [string, ...string[]];
  const label = readTruth(first, row.take(first));
  const contradiction = others.find((name) => readTruth(name, row.take(name)) !== label);
  if (contradiction === undefined) return label;
  return refuse(contradiction, `contradicts "${first}"`, 'Correct or remove the row.');
}

export const unpairedLayouts: readonly Layout<Texts & { readonly label: boolean }>[] =
  demonstrationLayouts.map(({ name, fields, fits, read }) => ({
    name,
    fields: `${fields}, label`,
    fits: (row) => fits(row) && labelFields.some((name) => row.has(name)),
    read: (row, form) => ({ ...read(row, form), label: takeLabel(row) }),
  }));
