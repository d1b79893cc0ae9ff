import { ops, type Value } from '../graph';
import type { Objective } from '../engine/types';
import {
  createContext,
  decodeSequences,
  type DecoderContext,
  type SequenceShape,
  type WeightSource,
} from './decoder';
import type { ModelConfig } from '../engine/types';
import type { Pieces } from './pieces';

const {
  cast,
  input,
  lessOrEqual,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  scalar,
  slice,
  softplus,
  sub,
  sum,
} = ops;

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

interface Scored {
  /** Log-probability of each position's target where it is supervised, else 0: [B · T]. */
  readonly supervised: Value;
  /** 1 where a position's next token is supervised, else 0: [B · T]. */
  readonly mask: Value;
  readonly picked: Value;
  readonly all: Value;
}

/** Inputs ids, targets (i32 [B · T]) and mask (f32 [B · T]) → log-probabilities of the targets. */
function scoreTokens(spec: ForwardSpec): Scored {
  const tokens = spec.rows * spec.length;
  const context: DecoderContext = createContext(spec.config, spec.source, spec.pieces);
  const ids = cast(input('ids', 'i32', [tokens]), 'i64');
  const targets = cast(input('targets', 'i32', [tokens]), 'i64');
  const mask = input('mask', 'f32', [tokens]);
  const [picked, all] = context.pieces.score(decodeSequences(context, ids, spec), targets);
  return { supervised: mul(picked, mask), mask, picked, all };
}

/** Sum over supervised positions of −log p, times `inverse_denominator`: one over the tokens of the whole step. */
function languageModel(spec: ForwardSpec): Losses {
  const { supervised, mask, picked, all } = scoreTokens(spec);
  const column = reshape(picked, [spec.rows * spec.length, 1]);
  const best = reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), mask.shape);
  const loss = mul(neg(sum(supervised)), input('inverse_denominator', 'f32', []));
  return { loss, figures: { correct: sum(mul(best, mask)) } };
}

/** Summed log-probability of each row's supervised tokens: [B]. */
export function sequenceLogProbabilities(spec: ForwardSpec): Value {
  const { supervised } = scoreTokens(spec);
  return reduceSum(reshape(supervised, [spec.rows, spec.length]), [1]);
}

/**
 * −log σ(β Δ) with Δ = (log π − log π_ref)(chosen) − the same of rejected, times `inverse_denominator`, over pairs.
 * Chosen rows stand first, rejected rows after them. Inputs reference [B] and pair_weights [B / 2], 0 for empty pairs.
 */
function sigmoidPreference(spec: ForwardSpec, beta: number): Losses {
  const pairs = spec.rows / 2;
  const policy = sequenceLogProbabilities(spec);
  const ratios = sub(policy, input('reference', 'f32', [spec.rows]));
  const margin = mul(sub(slice(ratios, 0, 0, pairs), slice(ratios, 0, pairs, spec.rows)), scalar(beta));
  const perPair = mul(softplus(neg(margin)), input('pair_weights', 'f32', [pairs]));
  return { loss: mul(sum(perPair), input('inverse_denominator', 'f32', [])), figures: { logprobs: policy } };
}

/** The loss of an objective and its figures, as a graph over named inputs. */
export function buildLosses(objective: Objective, spec: ForwardSpec): Losses {
  return objective.name === 'sigmoid' ? sigmoidPreference(spec, objective.beta) : languageModel(spec);
}
