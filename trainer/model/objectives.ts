import { ops, type Value } from '../graph';
import type { Objective } from '../rows';
import { averageLoss } from './preference-losses';
import { countSequences } from './packed-decoder';
import { logProbabilitiesOf, scoreTargets, type ForwardSpec, type TokenScores } from './token-scores';

export type { ForwardSpec };

const { cast, input, mul, neg, scatterAddRows } = ops;

/** A loss to minimise, and the graph's other outputs. */
export interface Losses {
  readonly loss: Value;
  readonly metrics: Readonly<Record<string, Value>>;
}

/**
 * Sums a value per scored token over each sequence, masked: [S] → [sequences]. Each sum runs over its own
 * tokens in order, so it does not depend on the rest of the batch. Inputs mask (f32 [S]) and sequence_of (i32 [S]).
 */
function sumSequences(perToken: Value, { shape, packed }: ForwardSpec): Value {
  const mask = input('mask', 'f32', [packed.scored]);
  const sequences = cast(input('sequence_of', 'i32', [packed.scored]), 'i64');
  return scatterAddRows(mul(perToken, mask), sequences, countSequences(shape));
}

/** Right predictions and entropy, summed over each sequence. */
const tokenMetrics = ({ correct, entropy }: TokenScores, spec: ForwardSpec) => ({
  correct: sumSequences(correct, spec),
  entropy: sumSequences(entropy, spec),
});

/** Summed log-probability of each sequence's supervised tokens: of a pair, of all chosen answers, then of all rejected ones. */
export const sequenceLogProbabilities = (spec: ForwardSpec): Value =>
  sumSequences(logProbabilitiesOf(spec), spec);

/** Sum over supervised tokens of −log p, times `inverse_denominator`: one over the tokens of the whole step. */
function crossEntropy(logprobs: Value): Value {
  return mul(neg(ops.sum(logprobs)), input('inverse_denominator', 'f32', []));
}

const lossOf = (objective: Objective, logprobs: Value): Value =>
  objective.rows === 'sequences' ? crossEntropy(logprobs) : averageLoss(objective, logprobs);

/** The loss of an objective and its metrics, as a graph over named inputs. */
export function buildLosses(objective: Objective, spec: ForwardSpec): Losses {
  const scores = scoreTargets(spec);
  const logprobs = sumSequences(scores.logprob, spec);
  return { loss: lossOf(objective, logprobs), metrics: { logprobs, ...tokenMetrics(scores, spec) } };
}
