import type { Decoding } from '../../contracts/trainer-job';
import { ops, type Value } from '../graph';

type Sampling = Extract<Decoding, { mode: 'sample' }>;

/**
 * Inverse CDF: the number of entries of the last axis whose cumulative probability is not above u times the total,
 * at most `last` (f32 [B] or a scalar). Probabilities need not sum to one. [B, V], draws [B, 1] → f32 [B]
 */
function invert(probabilities: Value, draws: Value, last: Value): Value {
  const width = probabilities.shape[1] ?? 0;
  const cdf = ops.cumulativeSum(probabilities, 1);
  const total = ops.slice(cdf, 1, width - 1, width);
  const below = ops.lessOrEqual(cdf, ops.mul(draws, total));
  return ops.minimum(ops.reduceSum(ops.cast(below, 'f32'), [1]), last);
}

/** The likeliest tokens: the first `topK`, and of those as many as it takes to have `topP` of their probability. */
function sampleLikeliest(scaled: Value, draws: Value, { topK, topP = 1 }: Sampling): Value {
  const width = Math.min(topK ?? Infinity, scaled.shape[1] ?? 0);
  const [values, tokens] = ops.topK(scaled, width);
  const probabilities = ops.softmax(values);
  // A token stays where those before it have not yet reached the share; so the first one always does.
  const before = ops.sub(ops.cumulativeSum(probabilities, 1), probabilities);
  const kept = ops.cast(ops.not(ops.lessOrEqual(ops.scalar(topP), before)), 'f32');
  const last = ops.sub(ops.reduceSum(kept, [1]), ops.scalar(1));
  const place = ops.cast(invert(ops.mul(probabilities, kept), draws, last), 'i64');
  const places = ops.integers([...Array(width).keys()], [1, width]);
  const hit = ops.cast(ops.equal(places, ops.reshape(place, [place.shape[0] ?? 0, 1])), 'f32');
  // Ids are below 2^24, so that a sum in f32 is exact.
  return ops.reduceSum(ops.mul(ops.cast(tokens, 'f32'), hit), [1]);
}

/** Logits [B, V] and draws from [0, 1) [B, 1] → the tokens sampled at a temperature, i64 [B]. A row looks at itself alone. */
export function sample(logits: Value, draws: Value, decoding: Sampling): Value {
  const scaled = ops.mul(logits, ops.scalar(1 / decoding.temperature));
  const whole = decoding.topK === undefined && decoding.topP === undefined;
  const last = ops.scalar((logits.shape[1] ?? 1) - 1);
  const token = whole ? invert(ops.softmax(scaled), draws, last) : sampleLikeliest(scaled, draws, decoding);
  return ops.cast(token, 'i64');
}
