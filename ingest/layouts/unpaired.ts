import { demonstrationLayouts } from './demonstrations';
import type { Layout, Texts } from './layout';
import { refuse } from './row';

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

const labelOf = (has: (name: string) => boolean): string | undefined => labelFields.find(has);

export const unpairedLayouts: readonly Layout<Texts & { readonly label: boolean }>[] =
  demonstrationLayouts.map(({ name, fields, fits, read }) => ({
    name,
    fields: `${fields}, label`,
    fits: (row) => fits(row) && labelOf((field) => row.has(field)) !== undefined,
    read(row, form) {
      const texts = read(row, form);
      const field = labelOf((one) => row.has(one)) ?? 'label';
      return { ...texts, label: readTruth(field, row.take(field)) };
    },
  }));
