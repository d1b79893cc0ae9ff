import { BudgetlineError } from '../../core/failures';
import type { BoundLoss, BoundPairLoss, BoundUnpairedLoss } from '../../losses/bind';
import type { BufferTensor } from '../runtime';
import type { PackedShape } from '../model/packed-decoder';
import { countSupervised, isPair, isUnpaired, sequencesOf, supervisedTokens } from './batches';
import type { Objective, PairRow, SequenceRow, TrainRow, UnpairedRow } from '../rows';

export type Feeds = Record<string, BufferTensor>;
export type Results = ReadonlyMap<string, BufferTensor>;

/** A micro-batch, ready to run. */
export interface Batch {
  readonly shape: PackedShape;
  readonly feeds: Feeds;
  readonly rows: readonly TrainRow[];
}

/** The results of a step, one for each micro-batch. */
export interface StepRecord {
  readonly batches: readonly Batch[];
  readonly passes: readonly Results[];
  readonly objective: Objective;
  /** Of a loss with a baseline, such as KTO's z; otherwise 0. */
  readonly baseline: number;
}

/** An f32 output of a graph. */
export function floats(results: Results, name: string): Float32Array {
  const data = results.get(name)?.data;
  if (data instanceof Float32Array) return data;
  throw new BudgetlineError('CONFIG_INVALID', `The graph has no output ${name}.`);
}

/** A scalar output of a graph. */
export function scalarOf(results: Results, name: string): number {
  return floats(results, name)[0] ?? Number.NaN;
}

type Metrics = Record<string, number>;

/** A row of a step with its scores. */
interface Scored<Row = TrainRow> {
  readonly row: Row;
  /** Correctly predicted tokens and summed entropy of its supervised tokens. */
  readonly correct: number;
  readonly entropy: number;
  /** Summed log-probabilities: of the completion, or of the chosen and the rejected one. */
  readonly logprobs: readonly number[];
}

const at = (values: Float32Array, index: number): number => values[index] ?? Number.NaN;

/** Outputs have one value for each sequence: the first sequences of all rows, then the second ones. */
function readScores({ rows, shape }: Batch, results: Results): Scored[] {
  const [correct, entropy] = [floats(results, 'correct'), floats(results, 'entropy')];
  const logprobs = floats(results, 'logprobs');
  return rows.map((row, index) => {
    const bySequence = (values: Float32Array): number[] =>
      sequencesOf(row).map((_, side) => at(values, side * shape.rows + index));
    return {
      row,
      correct: at(correct, index),
      entropy: total(bySequence(entropy), (value) => value),
      logprobs: bySequence(logprobs),
    };
  });
}

const total = <T>(items: readonly T[], valueOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + valueOf(item), 0);

/** Number of tokens in the accuracy: of a pair, those of the chosen answer. */
const accuracyTokens = (row: TrainRow): number => supervisedTokens(sequencesOf(row)[0]);

/** The mean of each metric over the rows that have it. */
function averageMetrics(all: readonly Metrics[]): Metrics {
  const sums: Record<string, { sum: number; count: number }> = {};
  for (const metrics of all)
    for (const [name, value] of Object.entries(metrics)) {
      const { sum, count } = sums[name] ?? { sum: 0, count: 0 };
      sums[name] = { sum: sum + value, count: count + 1 };
    }
  return Object.fromEntries(Object.entries(sums).map(([name, { sum, count }]) => [name, sum / count]));
}

/** The implicit reward of an answer. References are rounded to f32, as in the graph. */
const rewardOf = (loss: BoundLoss, sequence: SequenceRow, logprob: number, reference: number): number =>
  loss.reward({ logprob, reference: Math.fround(reference), tokens: supervisedTokens(sequence) });

function pairMetrics({ row, logprobs }: Scored<PairRow>, loss: BoundPairLoss): Metrics {
  const [chosenLogprob = Number.NaN, rejectedLogprob = Number.NaN] = logprobs;
  const chosen = rewardOf(loss, row.chosen, chosenLogprob, row.referenceChosen);
  const rejected = rewardOf(loss, row.rejected, rejectedLogprob, row.referenceRejected);
  return {
    'rewards/chosen': chosen,
    'rewards/rejected': rejected,
    'rewards/accuracies': chosen > rejected ? 1 : 0,
    'rewards/margins': chosen - rejected,
    'logps/chosen': chosenLogprob,
    'logps/rejected': rejectedLogprob,
  };
}

function unpairedMetrics(
  { row, logprobs }: Scored<UnpairedRow>,
  loss: BoundUnpairedLoss,
  baseline: number,
): Metrics {
  const logprob = logprobs[0] ?? Number.NaN;
  const reward = rewardOf(loss, row.sequence, logprob, row.reference);
  const side = row.desirable ? 'chosen' : 'rejected';
  const accurate = row.desirable ? reward > loss.beta * baseline : reward < loss.beta * baseline;
  return { [`rewards/${side}`]: reward, 'rewards/accuracies': accurate ? 1 : 0, [`logps/${side}`]: logprob };
}

function unpairedLossMetrics(
  scored: readonly Scored<UnpairedRow>[],
  loss: BoundUnpairedLoss,
  baseline: number,
): Metrics {
  const metrics = averageMetrics(scored.map((each) => unpairedMetrics(each, loss, baseline)));
  const [chosen, rejected] = [metrics['rewards/chosen'], metrics['rewards/rejected']];
  if (chosen !== undefined && rejected !== undefined) metrics['rewards/margins'] = chosen - rejected;
  if (loss.baseline) metrics['kl'] = baseline;
  return metrics;
}

function pairLossMetrics(scored: readonly Scored<PairRow>[], loss: BoundPairLoss): Metrics {
  const metrics = averageMetrics(scored.map((each) => pairMetrics(each, loss)));
  if (loss.sftWeight === undefined) return metrics;
  const chosen = total(scored, ({ logprobs }) => logprobs[0] ?? Number.NaN);
  return { ...metrics, nll_loss: -chosen / total(scored, ({ row }) => supervisedTokens(row.chosen)) };
}

function preferenceMetrics(scored: readonly Scored[], objective: Objective, baseline: number): Metrics {
  if (objective.rows === 'sequences') return {};
  const rowsOf = <Row extends TrainRow>(fits: (row: TrainRow) => row is Row): Scored<Row>[] =>
    scored.filter((each): each is Scored<Row> => fits(each.row));
  return objective.rows === 'unpaired'
    ? unpairedLossMetrics(rowsOf(isUnpaired), objective, baseline)
    : pairLossMetrics(rowsOf(isPair), objective);
}

/** The metrics of a step, under TRL's names. */
export function computeMetrics({ passes, batches, objective, baseline }: StepRecord): Metrics {
  const scored = batches.flatMap((batch, index) => {
    const results = passes[index];
    return results === undefined ? [] : readScores(batch, results);
  });
  const tokens = total(scored, ({ row }) => countSupervised(row));
  return {
    loss: total(passes, (results) => scalarOf(results, 'loss')),
    tokens,
    mean_token_accuracy:
      total(scored, ({ correct }) => correct) / total(scored, ({ row }) => accuracyTokens(row)),
    entropy: total(scored, ({ entropy }) => entropy) / tokens,
    ...preferenceMetrics(scored, objective, baseline),
  };
}
