import { BudgetlineError } from '../../contracts/failures';
import { masked } from '../model/decoder';
import type { BufferTensor } from '../runtime';
import type { PairRow, SequenceRow, TrainRow, UnpairedRow } from './types';

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

export const isSequence = (row: TrainRow): row is SequenceRow => 'ids' in row;
export const isPair = (row: TrainRow): row is PairRow => 'chosen' in row;
export const isUnpaired = (row: TrainRow): row is UnpairedRow => 'desirable' in row;

/** The sequences of a row that its loss is a function of. */
export function sequencesOf(row: TrainRow): readonly [SequenceRow, ...SequenceRow[]] {
  if (isSequence(row)) return [row];
  return isPair(row) ? [row.chosen, row.rejected] : [row.sequence];
}

/** Tokens of a row's sequences, supervised or not. */
export const tokensIn = (row: TrainRow): number =>
  sequencesOf(row).reduce((sum, { ids }) => sum + ids.length, 0);

/** Positions that a row takes up in a graph: nothing is predicted from its last token, so that is left out. */
export function positionsOf(row: TrainRow): number {
  if (isSequence(row)) return row.ids.length - 1;
  if (isUnpaired(row)) return Math.max(row.sequence.ids.length, row.mismatched.ids.length) - 1;
  return row.chosen.ids.length + row.rejected.ids.length - 2 - sharedTokens(row);
}

/** Tokens that both sequences begin with, short of those that predict a completion's first token. */
function sharedTokens({ chosen, rejected }: PairRow): number {
  const most = Math.min(firstTarget(chosen), firstTarget(rejected)) - 1;
  let shared = 0;
  while (shared < most && chosen.ids[shared] === rejected.ids[shared]) shared += 1;
  return shared;
}

function longest(rows: readonly TrainRow[]): number {
  return rows.reduce((most, row) => Math.max(most, positionsOf(row)), 1);
}

/** The smallest bucket that holds the rows. */
export function chooseLength(rows: readonly SequenceRow[], buckets: readonly number[]): number {
  const needed = longest(rows);
  const length = buckets.find((bucket) => bucket >= needed);
  if (length !== undefined) return length;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `A row of ${needed + 1} tokens does not fit the longest length bucket, ${buckets.at(-1) ?? 'none'}.`,
  );
}

/** Pairs longer than every bucket run at a multiple of this. */
const pairMultiple = 16;

/** The smallest bucket that holds both completions of each pair behind their prompt, or a size of its own. */
export function choosePairLength(pairs: readonly PairRow[], buckets: readonly number[]): number {
  for (const { chosen, rejected } of pairs) chooseLength([chosen, rejected], buckets);
  const needed = longest(pairs);
  return buckets.find((bucket) => bucket >= needed) ?? Math.ceil(needed / pairMultiple) * pairMultiple;
}

type Packed<Names extends string> = Readonly<Record<Names, BufferTensor>>;

/** Right-pads rows; the batch is filled up with empty ones. At each position: its token, the next one, and whether that counts. */
export function packSequences(
  rows: readonly SequenceRow[],
  shape: BatchShape,
): Packed<'ids' | 'targets' | 'mask'> {
  const size = shape.rows * shape.length;
  const [ids, targets, mask] = [new Int32Array(size), new Int32Array(size), new Float32Array(size)];
  for (const [index, row] of rows.entries()) {
    const start = index * shape.length;
    placeTokens({ ids, targets, mask }, row, { from: 0, at: start });
  }
  const dims = [size];
  return { ids: { dims, data: ids }, targets: { dims, data: targets }, mask: { dims, data: mask } };
}

interface Buffers {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
  readonly mask: Float32Array;
}

/** Writes a row's tokens from position `from` on to index `at`, up to the one before its last. */
function placeTokens(
  { ids, targets, mask }: Buffers,
  row: SequenceRow,
  { from, at }: { from: number; at: number },
): void {
  const last = row.ids.length - 1;
  if (last <= from) return;
  ids.set(row.ids.subarray(from, last), at);
  targets.set(row.ids.subarray(from + 1), at);
  const first = Math.min(Math.max(firstTarget(row) - 1, from), last);
  mask.fill(1, at + first - from, at + last - from);
}

/** Where the parts of a pair stand in its row. */
interface PairPlan {
  readonly shared: number;
  /** Index of the first token of the rejected sequence's own part. */
  readonly second: number;
  readonly end: number;
}

function planPair(pair: PairRow): PairPlan {
  const shared = sharedTokens(pair);
  return { shared, second: Math.max(shared, pair.chosen.ids.length - 1), end: positionsOf(pair) };
}

/** Lets each token see itself and what stands before it in its own sequence: [T, T] of `masked`, with zeros punched in. */
function punchMask(attention: Float32Array, { shared, second, end }: PairPlan, length: number): void {
  for (let query = 0; query < length; query += 1) {
    const row = query * length;
    const own = query < second ? 0 : query < end ? second : query;
    if (query >= second && query < end) attention.fill(0, row, row + shared);
    attention.fill(0, row + own, row + query + 1);
  }
}

function placePositions(positions: Int32Array, { shared, second, end }: PairPlan): void {
  for (let index = 0; index < end; index += 1)
    positions[index] = index < second ? index : index - second + shared;
}

/** One pair a row: the tokens that both begin with, the rest of the chosen sequence, the rest of the rejected one. */
export function packPairs(
  pairs: readonly PairRow[],
  shape: BatchShape,
): Packed<'ids' | 'targets' | 'mask_chosen' | 'mask_rejected' | 'positions' | 'attention'> {
  const { rows, length } = shape;
  const size = rows * length;
  const [ids, targets, positions] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)];
  const [chosen, rejected] = [new Float32Array(size), new Float32Array(size)];
  const attention = new Float32Array(size * length).fill(masked);
  for (let index = 0; index < rows; index += 1) {
    const [pair, at] = [pairs[index], index * length];
    const plan = pair === undefined ? { shared: 0, second: 0, end: 0 } : planPair(pair);
    punchMask(attention.subarray(at * length, (at + length) * length), plan, length);
    if (pair === undefined) continue;
    placePositions(positions.subarray(at, at + length), plan);
    placeTokens({ ids, targets, mask: chosen }, pair.chosen, { from: 0, at });
    placeTokens({ ids, targets, mask: rejected }, pair.rejected, { from: plan.shared, at: at + plan.second });
  }
  const flat = [size];
  return {
    ids: { dims: flat, data: ids },
    targets: { dims: flat, data: targets },
    mask_chosen: { dims: flat, data: chosen },
    mask_rejected: { dims: flat, data: rejected },
    positions: { dims: [rows, length], data: positions },
    attention: { dims: [rows, 1, length, length], data: attention },
  };
}

/** Consecutive groups of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
