import { ops, type Value } from '../graph';
import type { ModelConfig, Objective } from '../engine/types';
import {
  createContext,
  decodeSequences,
  type SequenceShape,
  type TokenLayout,
  type WeightSource,
} from './decoder';
import type { Pieces } from './pieces';

const { cast, concat, input, lessOrEqual, mul, neg, reduceMax, reduceSum } = ops;
const { reshape, scalar, slice, softplus, sub, sum } = ops;

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

/** Inputs ids and targets (i32 [B · T]) → log-probability of each target [B · T], and of every token [B · T, V]. */
function scoreTargets(spec: ForwardSpec, layout?: TokenLayout): readonly [Value, Value] {
  const tokens = spec.rows * spec.length;
  const context = createContext(spec.config, spec.source, spec.pieces);
  const ids = cast(input('ids', 'i32', [tokens]), 'i64');
  const targets = cast(input('targets', 'i32', [tokens]), 'i64');
  const logits = decodeSequences(context, ids, layout === undefined ? spec : { ...spec, layout });
  return context.pieces.score(logits, targets);
}

/** Sum over the positions of each row where the mask input is 1: [B]. */
function sumRows(picked: Value, maskName: string, { rows, length }: SequenceShape): Value {
  const mask = input(maskName, 'f32', [rows * length]);
  return reduceSum(reshape(mul(picked, mask), [rows, length]), [1]);
}

/** Sum over supervised positions of −log p, times `inverse_denominator`: one over the tokens of the whole step. */
function languageModel(spec: ForwardSpec): Losses {
  const [picked, all] = scoreTargets(spec);
  const mask = input('mask', 'f32', picked.shape);
  const column = reshape(picked, [spec.rows * spec.length, 1]);
  const best = reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), mask.shape);
  const loss = mul(neg(sum(mul(picked, mask))), input('inverse_denominator', 'f32', []));
  return { loss, figures: { correct: sum(mul(best, mask)) } };
}

/** Summed log-probability of each row's supervised tokens: [B]. Inputs ids, targets and mask. */
export function sequenceLogProbabilities(spec: ForwardSpec): Value {
  const [picked] = scoreTargets(spec);
  return sumRows(picked, 'mask', spec);
}

/**
 * Summed log-probabilities of chosen completions, then of rejected ones: [2 B]. A row holds one pair: the tokens that
 * both begin with, then the rest of each, so that a shared prompt is computed once. Inputs ids, targets, mask_chosen,
 * mask_rejected (f32 [B · T]), positions (i32 [B, T]) and attention (f32 [B, 1, T, T]).
 */
export function pairLogProbabilities(spec: ForwardSpec): Value {
  const { rows, length } = spec;
  const layout = {
    positions: cast(input('positions', 'i32', [rows, length]), 'i64'),
    mask: input('attention', 'f32', [rows, 1, length, length]),
  };
  const [picked] = scoreTargets(spec, layout);
  return concat([sumRows(picked, 'mask_chosen', spec), sumRows(picked, 'mask_rejected', spec)], 0);
}

/**
 * −log σ(β Δ) with Δ = (log π − log π_ref)(chosen) − the same of rejected, times `inverse_denominator`, over pairs.
 * Inputs reference [2 B], chosen first, and pair_weights [B], 0 for empty pairs.
 */
function sigmoidPreference(spec: ForwardSpec, beta: number): Losses {
  const pairs = spec.rows;
  const policy = pairLogProbabilities(spec);
  const ratios = sub(policy, input('reference', 'f32', [2 * pairs]));
  const margin = mul(sub(slice(ratios, 0, 0, pairs), slice(ratios, 0, pairs, 2 * pairs)), scalar(beta));
  const perPair = mul(softplus(neg(margin)), input('pair_weights', 'f32', [pairs]));
  return { loss: mul(sum(perPair), input('inverse_denominator', 'f32', [])), figures: { logprobs: policy } };
}

/** The loss of an objective and its figures, as a graph over named inputs. */
export function buildLosses(objective: Objective, spec: ForwardSpec): Losses {
  return objective.name === 'sigmoid' ? sigmoidPreference(spec, objective.beta) : languageModel(spec);
}
