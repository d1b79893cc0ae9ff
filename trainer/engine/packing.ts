import { BudgetlineError } from '../../contracts/failures';
import type { KtoLoss, PairLoss, PreferenceLossName } from '../../contracts/losses';
import type { BufferTensor } from '../runtime';
import {
  chooseLength,
  choosePairLength,
  isPair,
  isSequence,
  isUnpaired,
  packPairs,
  packSequences,
  sequencesOf,
  supervisedTokens,
} from './batches';
import type { Batch, Feeds } from './figures';
import type { EngineOptions, Objective, PairRow, SequenceRow, TrainRow, UnpairedRow } from './types';

/** What packing reads of an engine's options. */
export type PackOptions = Pick<EngineOptions, 'objective' | 'microBatchRows' | 'lengthBuckets'>;

export const scalarTensor = (value: number): BufferTensor => ({ dims: [], data: Float32Array.of(value) });
export const vectorTensor = (values: Float32Array): BufferTensor => ({ dims: [values.length], data: values });

/** Preference losses that look at the frozen reference. */
export const needsReference = (name: PreferenceLossName): boolean => name !== 'simpo';

const needsLengths: ReadonlySet<Objective['name']> = new Set<PreferenceLossName>([
  'ipo',
  'sigmoid-norm',
  'simpo',
]);

/** All rows in the form that the objective takes, or an error that says which one that is. */
function requireRows<Row extends TrainRow>(
  rows: readonly TrainRow[],
  fits: (row: TrainRow) => row is Row,
  wanted: string,
): readonly Row[] {
  if (rows.every(fits)) return rows;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `The objective takes ${wanted}, and a step has rows of another form.`,
  );
}

function packLanguageModel(rows: readonly SequenceRow[], options: PackOptions): Batch {
  const shape = { rows: options.microBatchRows, length: chooseLength(rows, options.lengthBuckets) };
  return { shape, rows, feeds: packSequences(rows, shape) };
}

/** A value a row, zeros for the rows that fill a batch up. */
function column<Row>(rows: readonly Row[], capacity: number, valueOf: (row: Row) => number): Float32Array {
  const values = new Float32Array(capacity);
  for (const [index, row] of rows.entries()) values[index] = valueOf(row);
  return values;
}

/** Values of chosen answers, then those of rejected ones: [2 B]. */
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

function packPairBatch(pairs: readonly PairRow[], loss: PairLoss, options: PackOptions): Batch {
  const capacity = options.microBatchRows;
  const shape = { rows: capacity, length: choosePairLength(pairs, options.lengthBuckets) };
  const feeds: Feeds = {
    ...packPairs(pairs, shape),
    pair_weights: vectorTensor(column(pairs, capacity, () => 1)),
  };
  if (needsReference(loss.name))
    feeds['reference'] = twoColumns(pairs, capacity, (pair, side) =>
      side === 'chosen' ? pair.referenceChosen : pair.referenceRejected,
    );
  if (needsLengths.has(loss.name))
    feeds['inverse_lengths'] = twoColumns(pairs, capacity, (pair, side) => 1 / supervisedTokens(pair[side]));
  return { shape, rows: pairs, feeds };
}

function packUnpaired(rows: readonly UnpairedRow[], loss: KtoLoss, options: PackOptions): Batch {
  const capacity = options.microBatchRows;
  const sequences = rows.map(({ sequence }) => sequence);
  const shape = { rows: capacity, length: chooseLength(sequences, options.lengthBuckets) };
  const feeds: Feeds = {
    ...packSequences(sequences, shape),
    reference: vectorTensor(column(rows, capacity, ({ reference }) => reference)),
    sides: vectorTensor(column(rows, capacity, ({ desirable }) => (desirable ? 1 : -1))),
    row_weights: vectorTensor(
      column(rows, capacity, ({ desirable }) => (desirable ? loss.desirableWeight : loss.undesirableWeight)),
    ),
  };
  return { shape, rows, feeds };
}

/** Lays a micro-batch's rows out for the objective's graph. */
export function packBatch(rows: readonly TrainRow[], options: PackOptions): Batch {
  const { objective } = options;
  if (objective.name === 'language-model')
    return packLanguageModel(requireRows(rows, isSequence, 'sequences'), options);
  if (objective.name === 'kto')
    return packUnpaired(requireRows(rows, isUnpaired, 'unpaired rows'), objective, options);
  return packPairBatch(requireRows(rows, isPair, 'pairs'), objective, options);
}

/** Supervised tokens of a step. */
function countTokens(rows: readonly TrainRow[]): number {
  return rows.flatMap(sequencesOf).reduce((total, row) => total + supervisedTokens(row), 0);
}

/** What every micro-batch of a step is divided by: figures of the whole step, so that splitting it changes nothing. */
export function denominators(objective: Objective, rows: readonly TrainRow[]): Feeds {
  const tokens = countTokens(rows);
  if (tokens === 0) throw new BudgetlineError('DATA_INVALID', 'A step has no supervised token.');
  const count = objective.name === 'language-model' ? tokens : rows.length;
  const inverse_denominator = scalarTensor(1 / count);
  if (objective.name !== 'sigmoid-nll') return { inverse_denominator };
  return { inverse_denominator, inverse_chosen_tokens: scalarTensor(1 / chosenTokens(rows)) };
}

/** Supervised tokens of the answers that a step should make likelier. */
function chosenTokens(rows: readonly TrainRow[]): number {
  return rows.filter(isPair).reduce((total, { chosen }) => total + supervisedTokens(chosen), 0);
}
