import type { PairRow, SequenceRow, TrainRow, UnpairedRow } from './types';

/** Position of the first token that can be supervised: the very first one has nothing to be predicted from. */
export function firstTarget(row: SequenceRow): number {
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

/** Tokens that both sequences begin with, short of those that predict a completion's first token. */
function sharedTokens({ chosen, rejected }: PairRow): number {
  const most = Math.min(firstTarget(chosen), firstTarget(rejected)) - 1;
  let shared = 0;
  while (shared < most && chosen.ids[shared] === rejected.ids[shared]) shared += 1;
  return shared;
}

/** Tokens in front of a row's scored parts: those that predict nothing, and that all of its sequences have in common. */
export function promptTokens(row: TrainRow): number {
  if (isPair(row)) return sharedTokens(row);
  const [sequence] = sequencesOf(row);
  return Math.max(0, Math.min(firstTarget(sequence), sequence.ids.length) - 1);
}

/** Positions that the longest of the rows' sequences takes: nothing is predicted from a last token, so that is left out. */
export function longestOf(rows: readonly TrainRow[]): number {
  const all = rows.flatMap((row): readonly SequenceRow[] =>
    isUnpaired(row) ? [row.sequence, row.mismatched] : sequencesOf(row),
  );
  return all.reduce((most, { ids }) => Math.max(most, ids.length - 1), 1);
}

/** Consecutive groups of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
