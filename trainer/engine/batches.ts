import type { PairRow, SequenceRow, TrainRow, UnpairedRow } from '../rows';

/** Position of the first supervised token. It is at least 1, because the first token has no context. */
export function firstTarget(row: SequenceRow): number {
  return Math.max(1, row.completionStart);
}

/** Number of tokens of a row that the loss counts. */
export function supervisedTokens(row: SequenceRow): number {
  return Math.max(0, row.ids.length - firstTarget(row));
}

export const isSequence = (row: TrainRow): row is SequenceRow => 'ids' in row;
export const isPair = (row: TrainRow): row is PairRow => 'chosen' in row;
export const isUnpaired = (row: TrainRow): row is UnpairedRow => 'desirable' in row;

/** The sequences that the loss of a row depends on. */
export function sequencesOf(row: TrainRow): readonly [SequenceRow, ...SequenceRow[]] {
  if (isSequence(row)) return [row];
  return isPair(row) ? [row.chosen, row.rejected] : [row.sequence];
}

/** Number of tokens of a row's sequences that the loss counts. */
export const countSupervised = (row: TrainRow): number =>
  sequencesOf(row).reduce((sum, sequence) => sum + supervisedTokens(sequence), 0);

/** Number of tokens of a row's sequences, supervised or not. */
export const countTokens = (row: TrainRow): number =>
  sequencesOf(row).reduce((sum, { ids }) => sum + ids.length, 0);

/** Length of the common prefix of a pair, without the tokens that predict the first token of a completion. */
function sharedTokens({ chosen, rejected }: PairRow): number {
  const limit = Math.min(firstTarget(chosen), firstTarget(rejected)) - 1;
  let shared = 0;
  while (shared < limit && chosen.ids[shared] === rejected.ids[shared]) shared += 1;
  return shared;
}

/** Number of tokens in front of a row's scored ones: they predict nothing, and all its sequences share them. */
export function promptTokens(row: TrainRow): number {
  if (isPair(row)) return sharedTokens(row);
  const [sequence] = sequencesOf(row);
  return Math.max(0, Math.min(firstTarget(sequence), sequence.ids.length) - 1);
}

/** Number of positions of the longest sequence. The last token is not counted, because it predicts nothing. */
export function maxSequenceLength(rows: readonly TrainRow[]): number {
  const all = rows.flatMap((row): readonly SequenceRow[] =>
    isUnpaired(row) ? [row.sequence, row.mismatched] : sequencesOf(row),
  );
  return all.reduce((longest, { ids }) => Math.max(longest, ids.length - 1), 1);
}

/** Consecutive groups of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
