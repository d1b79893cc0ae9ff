import { BudgetlineError } from '../../contracts/failures';
import type { KtoLoss, PairLoss } from '../../schemas/losses';
import { sftWeightOf } from '../model/preference-losses';
import type { BufferTensor } from '../runtime';
import type { StreamShape } from '../model/stream';
import { isPair, isUnpaired, sequencesOf, supervisedTokens } from './batches';
import type { Objective, PairRow, TrainRow, UnpairedRow } from './types';

export type Feeds = Record<string, BufferTensor>;
export type Results = ReadonlyMap<string, BufferTensor>;

/** A micro-batch, ready to run. */
export interface Batch {
  readonly shape: StreamShape;
  readonly feeds: Feeds;
  readonly rows: readonly TrainRow[];
}

/** What a step left behind, one result a micro-batch. */
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

type Figures = Record<string, number>;

/** One row of a step with what its pass says of it. */
interface Scored<Row = TrainRow> {
  readonly row: Row;
  /** Right predictions, and summed entropy, of its supervised tokens. */
  readonly correct: number;
  readonly entropy: number;
  /** Summed log-probabilities: of the answer, or of the chosen and the rejected one. */
  readonly logprobs: readonly number[];
}

const at = (values: Float32Array, index: number): number => values[index] ?? Number.NaN;

/** A graph says what it knows of each sequence: of all rows' first ones, then of all second ones. */
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

/** Tokens whose prediction counts as right or wrong: of a pair, those of the chosen answer. */
const judgedTokens = (row: TrainRow): number => supervisedTokens(sequencesOf(row)[0]);

/** The mean of each figure over the rows that have it. */
function averageFigures(all: readonly Figures[]): Figures {
  const sums: Record<string, { sum: number; count: number }> = {};
  for (const figures of all)
    for (const [name, value] of Object.entries(figures)) {
      const { sum, count } = sums[name] ?? { sum: 0, count: 0 };
      sums[name] = { sum: sum + value, count: count + 1 };
    }
  return Object.fromEntries(Object.entries(sums).map(([name, { sum, count }]) => [name, sum / count]));
}

/** Implicit rewards against the references as the graph read them, in f32; SimPO's are means a token, without one. */
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

function pairFigures(scored: Scored<PairRow>, loss: PairLoss): Figures {
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

function unpairedFigures(scored: Scored<UnpairedRow>, { beta }: KtoLoss, baseline: number): Figures {
  const { row, logprobs } = scored;
  const logprob = logprobs[0] ?? Number.NaN;
  const reward = beta * (logprob - Math.fround(row.reference));
  const side = row.desirable ? 'chosen' : 'rejected';
  const beyond = row.desirable ? reward > beta * baseline : reward < beta * baseline;
  return { [`rewards/${side}`]: reward, 'rewards/accuracies': beyond ? 1 : 0, [`logps/${side}`]: logprob };
}

function summariseUnpaired(scored: readonly Scored<UnpairedRow>[], loss: KtoLoss, baseline: number): Figures {
  const figures = averageFigures(scored.map((each) => unpairedFigures(each, loss, baseline)));
  const [chosen, rejected] = [figures['rewards/chosen'], figures['rewards/rejected']];
  const both = chosen !== undefined && rejected !== undefined;
  return { ...figures, ...(both ? { 'rewards/margins': chosen - rejected } : {}), kl: baseline };
}

function summarisePairs(scored: readonly Scored<PairRow>[], loss: PairLoss): Figures {
  const figures = averageFigures(scored.map((each) => pairFigures(each, loss)));
  if (sftWeightOf(loss) === undefined) return figures;
  const chosen = total(scored, ({ logprobs }) => logprobs[0] ?? Number.NaN);
  return { ...figures, nll_loss: -chosen / total(scored, ({ row }) => supervisedTokens(row.chosen)) };
}

function preferenceFigures(scored: readonly Scored[], objective: Objective, baseline: number): Figures {
  if (objective.name === 'language-model') return {};
  const rowsOf = <Row extends TrainRow>(fits: (row: TrainRow) => row is Row): Scored<Row>[] =>
    scored.filter((each): each is Scored<Row> => fits(each.row));
  return objective.name === 'kto'
    ? summariseUnpaired(rowsOf(isUnpaired), objective, baseline)
    : summarisePairs(rowsOf(isPair), objective);
}

/** The figures of a step, under the names that TRL users know. */
export function summarise({ passes, batches, objective, baseline }: StepRecord): Figures {
  const scored = batches.flatMap((batch, index) => {
    const results = passes[index];
    return results === undefined ? [] : readScores(batch, results);
  });
  const tokens = total(scored, ({ row }) => tokensOf(row));
  return {
    loss: total(passes, (results) => scalarOf(results, 'loss')),
    tokens,
    mean_token_accuracy:
      total(scored, ({ correct }) => correct) / total(scored, ({ row }) => judgedTokens(row)),
    entropy: total(scored, ({ entropy }) => entropy) / tokens,
    ...preferenceFigures(scored, objective, baseline),
  };
}
