import { ops, type Value } from '../graph';
import type { ModelConfig, Objective } from '../engine/types';
import { createContext, type WeightSource } from './decoder';
import type { Pieces } from './pieces';
import { averageKtoLoss, averagePairLoss } from './preference-losses';
import { countSequences, decodeStream, type StreamInputs, type StreamShape } from './stream';

const { cast, exp, input, lessOrEqual, mul, neg, reduceMax, reduceSum, reshape, scatterAddRows } = ops;

/** What a forward pass is built from. */
export interface ForwardSpec {
  readonly shape: StreamShape;
  readonly stream: StreamInputs;
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly pieces?: Pieces;
  /** Told of the residual stream [N, D] before, between and behind the layers. */
  readonly betweenLayers?: (x: Value) => void;
}

/** A loss to minimise and the figures that leave the graph beside it. */
export interface Losses {
  readonly loss: Value;
  readonly figures: Readonly<Record<string, Value>>;
}

/** What the model says of each target: its log-probability [S], and those of the whole vocabulary [S, V]. */
interface Scores {
  readonly picked: Value;
  readonly all: Value;
}

/** Scores of a stream's targets. Input targets (i32 [S]). */
function scoreTargets({ shape, stream, config, source, pieces, betweenLayers }: ForwardSpec): Scores {
  const context = createContext(config, source, pieces);
  const targets = cast(input('targets', 'i32', [stream.scored]), 'i64');
  const logits = decodeStream(context, stream, { ...shape, betweenLayers });
  const [picked, all] = context.pieces.score(logits, targets);
  return { picked, all };
}

/**
 * Sums what is known of each scored token over its sequence, where the token counts: [S] → [sequences]. Each sum runs over
 * its own tokens in their order, so that it does not depend on what else is in the batch. Inputs mask (f32 [S]) and
 * sequence_of (i32 [S]).
 */
function sumSequences(perToken: Value, { shape, stream }: ForwardSpec): Value {
  const mask = input('mask', 'f32', [stream.scored]);
  const sequences = cast(input('sequence_of', 'i32', [stream.scored]), 'i64');
  return scatterAddRows(mul(perToken, mask), sequences, countSequences(shape));
}

/** Where the target is the likeliest token: 1, else 0. [S] */
function isBest({ picked, all }: Scores): Value {
  const column = reshape(picked, [...picked.shape, 1]);
  return reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), picked.shape);
}

/** −Σ p log p over the vocabulary: [S]. The gradient needs p too, so this costs one product and a sum. */
const entropies = ({ all }: Scores): Value => neg(reduceSum(mul(exp(all), all), [1]));

/** Right predictions and entropy, summed over each sequence. */
const tokenFigures = (scores: Scores, spec: ForwardSpec) => ({
  correct: sumSequences(isBest(scores), spec),
  entropy: sumSequences(entropies(scores), spec),
});

/** Summed log-probability of each sequence's supervised tokens: of a pair, of all chosen answers, then of all rejected ones. */
export const sequenceLogProbabilities = (spec: ForwardSpec): Value =>
  sumSequences(scoreTargets(spec).picked, spec);

/** Sum over supervised tokens of −log p, times `inverse_denominator`: one over the tokens of the whole step. */
function crossEntropy(logprobs: Value): Value {
  return mul(neg(ops.sum(logprobs)), input('inverse_denominator', 'f32', []));
}

function lossOf(objective: Objective, logprobs: Value): Value {
  if (objective.name === 'language-model') return crossEntropy(logprobs);
  return objective.name === 'kto'
    ? averageKtoLoss(objective, logprobs)
    : averagePairLoss(objective, logprobs);
}

/** The loss of an objective and its figures, as a graph over named inputs. */
export function buildLosses(objective: Objective, spec: ForwardSpec): Losses {
  const scores = scoreTargets(spec);
  const logprobs = sumSequences(scores.picked, spec);
  return { loss: lossOf(objective, logprobs), figures: { logprobs, ...tokenFigures(scores, spec) } };
}
