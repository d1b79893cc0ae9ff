import { BudgetlineError } from '../../contracts/failures';
import type { KtoLoss, PairLoss } from '../../schemas/losses';
import { sftWeightOf } from '../model/preference-losses';
import type { BufferTensor } from '../runtime';
import type { PackedShape } from '../model/packed-decoder';
import { isPair, isUnpaired, sequencesOf, supervisedTokens } from './batches';
import type { Objective, PairRow, TrainRow, UnpairedRow } from './types';

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
  /** KTO's z. */
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

const tokensOf = (row: TrainRow): number => total(sequencesOf(row), supervisedTokens);

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

/** Implicit rewards. References are rounded to f32, as in the graph. SimPO uses means per token, without reference. */
function rewardsOf({ row, logprobs }: Scored<PairRow>, { name, beta }: PairLoss): readonly [number, number] {
  const [chosen = Number.NaN, rejected = Number.NaN] = logprobs;
  if (name === 'simpo')
    return [
      (beta * chosen) / supervisedTokens(row.chosen),
      (beta * rejected) / supervisedTokens(row.rejected),
    ];
  return [
    beta * (chosen - Math.fround(row.referenceChosen)),
    beta * (rejected - Math.fround(row.referenceRejected)),
  ];
}

function pairMetrics(scored: Scored<PairRow>, loss: PairLoss): Metrics {
  const [chosen, rejected] = rewardsOf(scored, loss);
  return {
    'rewards/chosen': chosen,
    'rewards/rejected': rejected,
    'rewards/accuracies': chosen > rejected ? 1 : 0,
    'rewards/margins': chosen - rejected,
    'logps/chosen': scored.logprobs[0] ?? Number.NaN,
    'logps/rejected': scored.logprobs[1] ?? Number.NaN,
  };
}

function unpairedMetrics(scored: Scored<UnpairedRow>, { beta }: KtoLoss, baseline: number): Metrics {
  const { row, logprobs } = scored;
  const logprob = logprobs[0] ?? Number.NaN;
  const reward = beta * (logprob - Math.fround(row.reference));
  const side = row.desirable ? 'chosen' : 'rejected';
  const accurate = row.desirable ? reward > beta * baseline : reward < beta * baseline;
  return { [`rewards/${side}`]: reward, 'rewards/accuracies': accurate ? 1 : 0, [`logps/${side}`]: logprob };
}

function ktoMetrics(scored: readonly Scored<UnpairedRow>[], loss: KtoLoss, baseline: number): Metrics {
  const metrics = averageMetrics(scored.map((each) => unpairedMetrics(each, loss, baseline)));
  const [chosen, rejected] = [metrics['rewards/chosen'], metrics['rewards/rejected']];
  const both = chosen !== undefined && rejected !== undefined;
  return { ...metrics, ...(both ? { 'rewards/margins': chosen - rejected } : {}), kl: baseline };
}

function pairLossMetrics(scored: readonly Scored<PairRow>[], loss: PairLoss): Metrics {
  const metrics = averageMetrics(scored.map((each) => pairMetrics(each, loss)));
  if (sftWeightOf(loss) === undefined) return metrics;
  const chosen = total(scored, ({ logprobs }) => logprobs[0] ?? Number.NaN);
  return { ...metrics, nll_loss: -chosen / total(scored, ({ row }) => supervisedTokens(row.chosen)) };
}

function preferenceMetrics(scored: readonly Scored[], objective: Objective, baseline: number): Metrics {
  if (objective.name === 'language-model') return {};
  const rowsOf = <Row extends TrainRow>(fits: (row: TrainRow) => row is Row): Scored<Row>[] =>
    scored.filter((each): each is Scored<Row> => fits(each.row));
  return objective.name === 'kto'
    ? ktoMetrics(rowsOf(isUnpaired), objective, baseline)
    : pairLossMetrics(rowsOf(isPair), objective);
}

/** The metrics of a step, under TRL's names. */
export function computeMetrics({ passes, batches, objective, baseline }: StepRecord): Metrics {
  const scored = batches.flatMap((batch, index) => {
    const results = passes[index];
    return results === undefined ? [] : readScores(batch, results);
  });
  const tokens = total(scored, ({ row }) => tokensOf(row));
  return {
    loss: total(passes, (results) => scalarOf(results, 'loss')),
    tokens,
    mean_token_accuracy:
      total(scored, ({ correct }) => correct) / total(scored, ({ row }) => accuracyTokens(row)),
    entropy: total(scored, ({ entropy }) => entropy) / tokens,
    ...preferenceMetrics(scored, objective, baseline),
  };
}
