import type { Decoding } from '../../schemas/trainer-job';
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

/**
 * Logits whose largest is 0, [B, V], at a temperature. The largest is taken off first, so that no temperature makes an
 * infinity of it; the smallest temperatures, whose inverse no f32 holds, all leave the best tokens alone.
 */
function atTemperature(logits: Value, best: Value, temperature: number): Value {
  const away = ops.sub(logits, ops.reshape(best, [logits.shape[0] ?? 0, 1]));
  return ops.mul(away, ops.scalar(Math.min(1 / temperature, 2 ** 127)));
}

/** Whether a token stays: those before it have not yet reached the share. Nothing stands before the first one. */
function staying(probabilities: Value, share: number): Value {
  const before = ops.sub(ops.cumulativeSum(probabilities, 1), probabilities);
  return ops.cast(ops.not(ops.lessOrEqual(ops.scalar(Math.max(share, smallest)), before)), 'f32');
}

/** The smallest number above 0 that f32 holds in full. */
const smallest = 2 ** -126;

/** The likeliest tokens: the first `topK`, and of those as many as it takes to have `topP` of their probability. */
function sampleLikeliest(logits: Value, draws: Value, { topK, topP = 1, temperature }: Sampling): Value {
  const [rows = 0, vocabulary = 0] = logits.shape;
  const width = Math.min(topK ?? Infinity, vocabulary);
  const [values, tokens] = ops.topK(logits, width);
  const probabilities = ops.softmax(atTemperature(values, ops.slice(values, 1, 0, 1), temperature));
  // The whole of it is never reached before the last token, however sums of f32 are rounded.
  const kept = topP === 1 ? ops.broadcastTo(ops.scalar(1), [rows, width]) : staying(probabilities, topP);
  const last = ops.sub(ops.reduceSum(kept, [1]), ops.scalar(1));
  const place = ops.cast(invert(ops.mul(probabilities, kept), draws, last), 'i64');
  const places = ops.integers([...Array(width).keys()], [1, width]);
  const hit = ops.cast(ops.equal(places, ops.reshape(place, [rows, 1])), 'f32');
  // Ids are below 2^24, so that a sum in f32 is exact.
  return ops.reduceSum(ops.mul(ops.cast(tokens, 'f32'), hit), [1]);
}

/** Logits [B, V] and draws from [0, 1) [B, 1] → the tokens sampled at a temperature, i64 [B]. A row looks at itself alone. */
export function sample(logits: Value, draws: Value, decoding: Sampling): Value {
  const { topK, topP, temperature } = decoding;
  if (topK !== undefined || topP !== undefined)
    return ops.cast(sampleLikeliest(logits, draws, decoding), 'i64');
  const probabilities = ops.softmax(atTemperature(logits, ops.reduceMax(logits, 1), temperature));
  const last = ops.scalar((logits.shape[1] ?? 1) - 1);
  return ops.cast(invert(probabilities, draws, last), 'i64');
}
