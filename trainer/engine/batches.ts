import { BudgetlineError } from '../../contracts/failures';
import type { BufferTensor } from '../runtime';
import type { PairRow, SequenceRow } from './types';

/** Shape that a batch is padded to. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
}

/** Position of the first token that can be supervised: the very first one has nothing to be predicted from. */
function firstTarget(row: SequenceRow): number {
  return Math.max(1, row.completionStart);
}

/** Tokens of a row that carry loss. */
export function supervisedTokens(row: SequenceRow): number {
  return Math.max(0, row.ids.length - firstTarget(row));
}

export function isPair(row: SequenceRow | PairRow): row is PairRow {
  return 'chosen' in row;
}

/** The smallest bucket that holds the rows. */
export function chooseLength(rows: readonly SequenceRow[], buckets: readonly number[]): number {
  const longest = rows.reduce((most, row) => Math.max(most, row.ids.length), 0);
  const length = buckets.find((bucket) => bucket >= longest);
  if (length !== undefined) return length;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `A row of ${String(longest)} tokens is longer than the longest length bucket, ${String(buckets.at(-1))}.`,
  );
}

/** Right-pads rows and fills the batch up with empty ones. At each position: its token, the next token, and whether that counts. */
export function packSequences(
  rows: readonly (SequenceRow | null)[],
  shape: BatchShape,
): Readonly<Record<'ids' | 'targets' | 'mask', BufferTensor>> {
  const size = shape.rows * shape.length;
  const [ids, targets, mask] = [new Int32Array(size), new Int32Array(size), new Float32Array(size)];
  for (const [index, row] of rows.entries()) {
    if (row === null) continue;
    const start = index * shape.length;
    ids.set(row.ids, start);
    targets.set(row.ids.subarray(1), start);
    mask.fill(1, start + firstTarget(row) - 1, start + Math.max(firstTarget(row), row.ids.length) - 1);
  }
  const dims = [size];
  return { ids: { dims, data: ids }, targets: { dims, data: targets }, mask: { dims, data: mask } };
}

/** Consecutive groups of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Chosen rows in the first half of the batch, rejected rows in the second. */
export function stackPairs(pairs: readonly PairRow[], capacity: number): readonly (SequenceRow | null)[] {
  const rows = Array.from<SequenceRow | null>({ length: 2 * capacity }).fill(null);
  for (const [index, pair] of pairs.entries()) {
    rows[index] = pair.chosen;
    rows[capacity + index] = pair.rejected;
  }
  return rows;
}
