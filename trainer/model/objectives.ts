import { ops, type Value } from '../graph';
import type { KtoLoss, PairLoss } from '../../contracts/losses';
import type { ModelConfig, Objective } from '../engine/types';
import {
  createContext,
  decodeSequences,
  type SequenceShape,
  type TokenLayout,
  type WeightSource,
} from './decoder';
import type { Pieces } from './pieces';
import { averageKtoLoss, averagePairLoss } from './preference-losses';

const { cast, concat, exp, input, lessOrEqual, mul, neg, reduceMax, reduceSum, reshape, sum } = ops;

/** What a forward pass is built from. */
export interface ForwardSpec extends SequenceShape {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly pieces?: Pieces;
}

/** A loss to minimise and the figures that leave the graph beside it. */
export interface Losses {
  readonly loss: Value;
  readonly figures: Readonly<Record<string, Value>>;
}

/** What the model says of each target: its log-probability [N], and those of the whole vocabulary [N, V]. */
interface Scores {
  readonly picked: Value;
  readonly all: Value;
}

/** Scores of targets in rows of tokens. Inputs ids and targets (i32 [B · T]). */
function scoreTargets(spec: ForwardSpec, layout?: TokenLayout): Scores {
  const tokens = spec.rows * spec.length;
  const context = createContext(spec.config, spec.source, spec.pieces);
  const ids = cast(input('ids', 'i32', [tokens]), 'i64');
  const targets = cast(input('targets', 'i32', [tokens]), 'i64');
  const logits = decodeSequences(context, ids, layout === undefined ? spec : { ...spec, layout });
  const [picked, all] = context.pieces.score(logits, targets);
  return { picked, all };
}

/** Sum over the positions of each row where the mask is 1: [N] → [B]. */
function sumRows(perToken: Value, mask: Value, { rows, length }: SequenceShape): Value {
  return reduceSum(reshape(mul(perToken, mask), [rows, length]), [1]);
}

const maskOf = (name: string, { rows, length }: SequenceShape): Value => input(name, 'f32', [rows * length]);

/** Where the target is the likeliest token: 1, else 0. [N] */
function isBest({ picked, all }: Scores): Value {
  const column = reshape(picked, [...picked.shape, 1]);
  return reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), picked.shape);
}

/** −Σ p log p over the vocabulary: [N]. The gradient needs p too, so this costs one product and a sum. */
const entropies = ({ all }: Scores): Value => neg(reduceSum(mul(exp(all), all), [1]));

/** Sums a row of what is told of its tokens: right predictions under one mask, entropy under another. [B] each. */
function tokenFigures(scores: Scores, masks: { correct: Value; entropy: Value }, spec: ForwardSpec) {
  return {
    correct: sumRows(isBest(scores), masks.correct, spec),
    entropy: sumRows(entropies(scores), masks.entropy, spec),
  };
}

/** Sum over supervised positions of −log p, times `inverse_denominator`: one over the tokens of the whole step. */
function languageModel(spec: ForwardSpec): Losses {
  const scores = scoreTargets(spec);
  const mask = maskOf('mask', spec);
  const loss = mul(neg(sum(mul(scores.picked, mask))), input('inverse_denominator', 'f32', []));
  return { loss, figures: tokenFigures(scores, { correct: mask, entropy: mask }, spec) };
}

/** Summed log-probability of each row's supervised tokens: [B]. Inputs ids, targets and mask. */
export function sequenceLogProbabilities(spec: ForwardSpec): Value {
  return sumRows(scoreTargets(spec).picked, maskOf('mask', spec), spec);
}

/**
 * Scores of rows that hold one pair each: the tokens that both begin with, then the rest of each, so that a shared
 * prompt is computed once. Inputs ids, targets, positions (i32 [B, T]) and attention (f32 [B, 1, T, T]).
 */
function scorePairs(spec: ForwardSpec): Scores {
  const { rows, length } = spec;
  return scoreTargets(spec, {
    positions: cast(input('positions', 'i32', [rows, length]), 'i64'),
    mask: input('attention', 'f32', [rows, 1, length, length]),
  });
}

/** Summed log-probabilities of chosen completions, then of rejected ones: [2 B]. Inputs mask_chosen, mask_rejected. */
function sumPairs({ picked }: Scores, spec: ForwardSpec): Value {
  const sumMasked = (name: string): Value => sumRows(picked, maskOf(name, spec), spec);
  return concat([sumMasked('mask_chosen'), sumMasked('mask_rejected')], 0);
}

/** The same from the graph's inputs alone, without a loss. */
export function pairLogProbabilities(spec: ForwardSpec): Value {
  return sumPairs(scorePairs(spec), spec);
}

function pairPreference(objective: PairLoss, spec: ForwardSpec): Losses {
  const scores = scorePairs(spec);
  const logprobs = sumPairs(scores, spec);
  const [chosen, rejected] = [maskOf('mask_chosen', spec), maskOf('mask_rejected', spec)];
  const figures = tokenFigures(scores, { correct: chosen, entropy: ops.add(chosen, rejected) }, spec);
  return { loss: averagePairLoss(objective, logprobs), figures: { logprobs, ...figures } };
}

function unpairedPreference(objective: KtoLoss, spec: ForwardSpec): Losses {
  const scores = scoreTargets(spec);
  const mask = maskOf('mask', spec);
  const logprobs = sumRows(scores.picked, mask, spec);
  const figures = tokenFigures(scores, { correct: mask, entropy: mask }, spec);
  return { loss: averageKtoLoss(objective, logprobs), figures: { logprobs, ...figures } };
}

/** The loss of an objective and its figures, as a graph over named inputs. */
export function buildLosses(objective: Objective, spec: ForwardSpec): Losses {
  if (objective.name === 'language-model') return languageModel(spec);
  return objective.name === 'kto' ? unpairedPreference(objective, spec) : pairPreference(objective, spec);
}
