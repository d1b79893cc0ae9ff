import { BudgetlineError } from '../../core/failures';
import type { BoundPairLoss, BoundUnpairedLoss } from '../../losses/bind';
import type { BufferTensor } from '../runtime';
import { countSupervised, isPair, isSequence, isUnpaired, supervisedTokens } from './batches';
import type { Feeds } from './step-metrics';
import type { Objective, PairRow, TrainRow, UnpairedRow } from '../rows';

export const scalarTensor = (value: number): BufferTensor => ({ dims: [], data: Float32Array.of(value) });
export const vectorTensor = (values: Float32Array | Int32Array): BufferTensor => ({
  dims: [values.length],
  data: values,
});

/** @throws CONFIG_INVALID unless all rows have the form that the objective needs. */
function requireRows<Row extends TrainRow>(
  rows: readonly TrainRow[],
  fits: (row: TrainRow) => row is Row,
  wanted: string,
): readonly Row[] {
  if (rows.every(fits)) return rows;
  throw new BudgetlineError('CONFIG_INVALID', `The objective needs ${wanted}, but a step has other rows.`);
}

/** One value for each row, and 0 for empty rows. */
function column<Row>(rows: readonly Row[], capacity: number, valueOf: (row: Row) => number): Float32Array {
  const values = new Float32Array(capacity);
  for (const [index, row] of rows.entries()) values[index] = valueOf(row);
  return values;
}

/** Values of the chosen answers, then of the rejected ones: [2 B]. */
function twoColumns(
  pairs: readonly PairRow[],
  capacity: number,
  valueOf: (pair: PairRow, side: 'chosen' | 'rejected') => number,
): BufferTensor {
  const values = new Float32Array(2 * capacity);
  values.set(column(pairs, capacity, (pair) => valueOf(pair, 'chosen')));
  values.set(
    column(pairs, capacity, (pair) => valueOf(pair, 'rejected')),
    capacity,
  );
  return vectorTensor(values);
}

function pairFeeds(pairs: readonly PairRow[], { needs }: BoundPairLoss, capacity: number): Feeds {
  const feeds: Feeds = { pair_weights: vectorTensor(column(pairs, capacity, () => 1)) };
  if (needs.reference)
    feeds['reference'] = twoColumns(pairs, capacity, (pair, side) =>
      side === 'chosen' ? pair.referenceChosen : pair.referenceRejected,
    );
  if (needs.lengths)
    feeds['inverse_lengths'] = twoColumns(pairs, capacity, (pair, side) => 1 / supervisedTokens(pair[side]));
  return feeds;
}

function unpairedFeeds(
  rows: readonly UnpairedRow[],
  { needs, weight }: BoundUnpairedLoss,
  capacity: number,
): Feeds {
  const feed = (valueOf: (row: UnpairedRow) => number): BufferTensor =>
    vectorTensor(column(rows, capacity, valueOf));
  const feeds: Feeds = {};
  if (needs.reference) feeds['reference'] = feed(({ reference }) => reference);
  if (needs.lengths) feeds['inverse_lengths'] = feed(({ sequence }) => 1 / supervisedTokens(sequence));
  feeds['sides'] = feed(({ desirable }) => (desirable ? 1 : -1));
  feeds['row_weights'] = feed(({ desirable }) => weight(desirable));
  return feeds;
}

/** Inputs of an objective besides the tokens. A micro-batch has room for `capacity` rows. */
export function objectiveFeeds(objective: Objective, rows: readonly TrainRow[], capacity: number): Feeds {
  switch (objective.rows) {
    case 'sequences':
      requireRows(rows, isSequence, 'sequences');
      return {};
    case 'unpaired':
      return unpairedFeeds(requireRows(rows, isUnpaired, 'unpaired rows'), objective, capacity);
    case 'pairs':
      return pairFeeds(requireRows(rows, isPair, 'pairs'), objective, capacity);
  }
}

/** Whether the cross-entropy of the chosen answers is a part of the loss. */
const hasSftTerm = (objective: Objective): boolean =>
  objective.rows === 'pairs' && objective.sftWeight !== undefined;

/** The denominators of a step's loss. They belong to the whole step, so its micro-batch size changes nothing. */
export function denominators(objective: Objective, rows: readonly TrainRow[]): Feeds {
  const tokens = rows.reduce((total, row) => total + countSupervised(row), 0);
  if (tokens === 0) throw new BudgetlineError('DATA_INVALID', 'A step has no supervised token.');
  const count = objective.rows === 'sequences' ? tokens : rows.length;
  const inverse_denominator = scalarTensor(1 / count);
  if (!hasSftTerm(objective)) return { inverse_denominator };
  return { inverse_denominator, inverse_chosen_tokens: scalarTensor(1 / chosenTokens(rows)) };
}

/** Supervised tokens of the chosen answers. */
function chosenTokens(rows: readonly TrainRow[]): number {
  return rows.filter(isPair).reduce((total, { chosen }) => total + supervisedTokens(chosen), 0);
}
