import { BudgetlineError } from '../../core/failures';
import type { BoundLoss, BoundPairLoss, BoundUnpairedLoss } from '../../losses/bind';
import type { AnswerTerms, LossOps, Tensor } from '../../losses/terms';
import { ops, type Value } from '../graph';

const { add, input, lessOrEqual, mul, neg, scalar, slice, sub, sum, where } = ops;

/** Losses see tensors of the graph as an opaque type. */
const lossOps = ops as unknown as LossOps;

/** A step's share of a loss: the sum over rows of weight · loss, over the rows of the whole step. */
function averageRows(perRow: Value, weights: Value): Value {
  return mul(sum(mul(perRow, weights)), input('inverse_denominator', 'f32', []));
}

/**
 * Terms in which rows of weight 0, such as empty ones, are copies of the first row: any loss that is finite on real rows is
 * finite on them too, so 0 times their value and gradient is 0.
 */
function fillEmpty(terms: Value, weights: Value): Value {
  const empty = lessOrEqual(mul(weights, weights), scalar(0));
  return where(empty, slice(terms, 0, 0, 1), terms);
}

type Terms = Readonly<Record<keyof AnswerTerms, Value | null>>;

/** Log-probabilities of all answers of a micro-batch: [sequences]. null: by its needs, the loss does not use the term. */
function termsOf({ needs }: BoundLoss, policy: Value): Terms {
  const logRatio = needs.reference ? sub(policy, input('reference', 'f32', policy.shape)) : null;
  const perToken = (x: Value): Value => mul(x, input('inverse_lengths', 'f32', x.shape));
  return {
    logprob: policy,
    logRatio,
    meanLogprob: needs.lengths ? perToken(policy) : null,
    meanLogRatio: needs.lengths && logRatio !== null ? perToken(logRatio) : null,
  };
}

const undeclared = ({ name }: BoundLoss, term: string, remedy: string): BudgetlineError =>
  new BudgetlineError('CONFIG_INVALID', `The loss "${name}" reads ${term} without a need for it.`, {
    remedy,
    details: { field: 'loss', term },
  });

/** A part of the terms, such as those of the chosen answers. */
function answerTerms(loss: BoundLoss, terms: Terms, partOf: (all: Value) => Value): AnswerTerms {
  const read = (term: keyof AnswerTerms): Value => {
    const all = terms[term];
    if (all !== null) return partOf(all);
    const remedy = 'Set needs.reference and needs.lengths in the loss to what its value reads.';
    throw undeclared(loss, term, remedy);
  };
  return {
    get logprob() {
      return read('logprob');
    },
    get logRatio() {
      return read('logRatio');
    },
    get meanLogprob() {
      return read('meanLogprob');
    },
    get meanLogRatio() {
      return read('meanLogRatio');
    },
  };
}

/** A loss of each row. @throws CONFIG_INVALID unless its shape is [rows] */
function perRow({ name }: BoundLoss, value: Tensor, rows: number): Value {
  if (value.shape.length === 1 && value.shape[0] === rows) return value as Value;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `The loss "${name}" has the shape [${value.shape.join(', ')}], and not one value a row.`,
    { details: { field: 'loss' } },
  );
}

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
function averagePairLoss(loss: BoundPairLoss, policy: Value): Value {
  const pairs = (policy.shape[0] ?? 0) / 2;
  const terms = termsOf(loss, policy);
  const weights = input('pair_weights', 'f32', [pairs]);
  const value = loss.value(lossOps, {
    chosen: answerTerms(loss, terms, (all) => fillEmpty(slice(all, 0, 0, pairs), weights)),
    rejected: answerTerms(loss, terms, (all) => fillEmpty(slice(all, 0, pairs, 2 * pairs), weights)),
  });
  const average = averageRows(perRow(loss, value, pairs), weights);
  if (loss.sftWeight === undefined) return average;
  return add(average, mul(chosenCrossEntropy(policy), scalar(loss.sftWeight)));
}

/**
 * A loss of unpaired answers over policy log-probabilities [B]. Inputs sides [B], row_weights [B] (0 for empty rows),
 * inverse_denominator, and by the loss reference [B], inverse_lengths [B], baseline.
 */
function averageUnpairedLoss(loss: BoundUnpairedLoss, policy: Value): Value {
  const weights = input('row_weights', 'f32', policy.shape);
  const value = loss.value(lossOps, {
    answer: answerTerms(loss, termsOf(loss, policy), (all) => fillEmpty(all, weights)),
    side: fillEmpty(input('sides', 'f32', policy.shape), weights),
    get baseline() {
      if (loss.baseline) return input('baseline', 'f32', []);
      throw undeclared(loss, 'baseline', 'Set baseline in the loss to true.');
    },
  });
  return averageRows(perRow(loss, value, policy.shape[0] ?? 0), weights);
}

/** The mean of a preference loss over a step's rows, as a graph over named inputs. */
export const averageLoss = (loss: BoundLoss, policy: Value): Value =>
  loss.rows === 'pairs' ? averagePairLoss(loss, policy) : averageUnpairedLoss(loss, policy);
