import type { Objective } from '../engine/types';
import { ops, type Value } from '../graph';
import type { KtoLoss, PairLoss } from '../../schemas/losses';

const { add, input, lessOrEqual, mul, neg, scalar, sigmoid, slice, softplus, sub, sum, where } = ops;

/** A step's share of a loss: the sum over rows of weight · loss, over the rows of the whole step. */
function averageRows(perRow: Value, weights: string): Value {
  return mul(sum(mul(perRow, input(weights, 'f32', perRow.shape))), input('inverse_denominator', 'f32', []));
}

/** First half minus second half: [2 B] → [B]. */
function contrast(x: Value): Value {
  const pairs = (x.shape[0] ?? 0) / 2;
  return sub(slice(x, 0, 0, pairs), slice(x, 0, pairs, 2 * pairs));
}

const scaled = (x: Value, factor: number): Value => mul(x, scalar(factor));

/** max(0, x), whose slope at 0 is 0. */
const positivePart = (x: Value): Value => where(lessOrEqual(x, scalar(0)), scalar(0), x);

/** log π − log π_ref of each sequence of the pairs: [2 B]. */
const logRatios = (policy: Value): Value => sub(policy, input('reference', 'f32', policy.shape));

const perToken = (x: Value): Value => mul(x, input('inverse_lengths', 'f32', x.shape));

/** Losses that are a function of βΔ alone. */
const marginLosses = {
  // −(1 − ε) log σ(m) − ε log σ(−m)
  sigmoid: (margin: Value, labelSmoothing?: number): Value => {
    const loss = softplus(neg(margin));
    if (labelSmoothing === undefined) return loss;
    return add(scaled(loss, 1 - labelSmoothing), scaled(softplus(margin), labelSmoothing));
  },
  // [−(1 − ε) log σ(m) + ε log σ(−m)] / (1 − 2ε)
  robust: (margin: Value, labelSmoothing: number): Value => {
    const share = 1 - 2 * labelSmoothing;
    const right = scaled(softplus(neg(margin)), (1 - labelSmoothing) / share);
    return sub(right, scaled(softplus(margin), labelSmoothing / share));
  },
  // max(0, 1 − m)
  hinge: (margin: Value): Value => positivePart(sub(scalar(1), margin)),
};

/** Loss of each pair [B] from the summed log-probabilities of chosen and rejected answers [2 B]. */
function pairLosses(loss: PairLoss, policy: Value): Value {
  const { beta } = loss;
  const margin = (): Value => scaled(contrast(logRatios(policy)), beta);
  switch (loss.name) {
    case 'sigmoid':
      return marginLosses.sigmoid(margin(), loss.labelSmoothing);
    case 'robust':
      return marginLosses.robust(margin(), loss.labelSmoothing);
    case 'hinge':
      return marginLosses.hinge(margin());
    case 'sigmoid_norm':
      return marginLosses.sigmoid(scaled(contrast(perToken(logRatios(policy))), beta));
    case 'simpo':
      return marginLosses.sigmoid(sub(scaled(contrast(perToken(policy)), beta), scalar(loss.gamma)));
    case 'ipo': {
      const distance = sub(contrast(perToken(logRatios(policy))), scalar(1 / (2 * beta)));
      return mul(distance, distance);
    }
  }
}

/** Weight of the cross-entropy of the chosen answers, where the objective has that term. */
export const sftWeightOf = (objective: Objective): number | undefined =>
  objective.name === 'sigmoid' ? objective.sftWeight : undefined;

/** −Σ log π over the chosen tokens of a pass, over those of the whole step. */
function chosenCrossEntropy(policy: Value): Value {
  const chosen = slice(policy, 0, 0, (policy.shape[0] ?? 0) / 2);
  return mul(neg(sum(chosen)), input('inverse_chosen_tokens', 'f32', []));
}

/**
 * A pair loss over policy log-probabilities [2 B], chosen first. Inputs pair_weights [B] (0 for empty pairs),
 * inverse_denominator, and by the loss reference [2 B], inverse_lengths [2 B] (one over the tokens of an answer),
 * inverse_chosen_tokens.
 */
export function averagePairLoss(loss: PairLoss, policy: Value): Value {
  const average = averageRows(pairLosses(loss, policy), 'pair_weights');
  const sftWeight = sftWeightOf(loss);
  return sftWeight === undefined ? average : add(average, scaled(chosenCrossEntropy(policy), sftWeight));
}

/**
 * KTO over policy log-probabilities [B]: λ σ(−β s (log π − log π_ref − z)) with s = 1 for desirable answers and −1 for
 * others, which is λ (1 − σ(β (w − z))) and λ (1 − σ(β (z − l))). Inputs reference [B], sides [B] (s), row_weights [B]
 * (λ, 0 for empty rows), baseline (z) and inverse_denominator.
 */
export function averageKtoLoss({ beta }: KtoLoss, policy: Value): Value {
  const moved = sub(logRatios(policy), input('baseline', 'f32', []));
  const against = mul(moved, mul(input('sides', 'f32', policy.shape), scalar(-beta)));
  return averageRows(sigmoid(against), 'row_weights');
}
