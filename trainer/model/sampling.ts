import type { Decoding } from '../../schemas/trainer-job';
import { ops, type Value } from '../graph';

type Sampling = Extract<Decoding, { mode: 'sample' }>;

/**
 * Inverse transform sampling: the number of entries whose cumulative probability is at most u times the total, limited
 * to `last` (f32 [B] or a scalar). Probabilities [B, V] need not sum to 1. Uniforms u [B, 1] → f32 [B]
 */
function invertCdf(probabilities: Value, uniforms: Value, last: Value): Value {
  const width = probabilities.shape[1] ?? 0;
  const cdf = ops.cumulativeSum(probabilities, 1);
  const total = ops.slice(cdf, 1, width - 1, width);
  const below = ops.lessOrEqual(cdf, ops.mul(uniforms, total));
  return ops.minimum(ops.reduceSum(ops.cast(below, 'f32'), [1]), last);
}

/**
 * Logits [B, V] minus the largest, divided by the temperature. Subtracting first avoids infinities. Temperatures whose
 * inverse does not fit f32 leave only the best tokens.
 */
function applyTemperature(logits: Value, best: Value, temperature: number): Value {
  const shifted = ops.sub(logits, ops.reshape(best, [logits.shape[0] ?? 0, 1]));
  return ops.mul(shifted, ops.scalar(Math.min(1 / temperature, 2 ** 127)));
}

/** The top-p mask: 1 for a token if those before it have less than `topP`. The first token is always kept. */
function topPMask(probabilities: Value, topP: number): Value {
  const before = ops.sub(ops.cumulativeSum(probabilities, 1), probabilities);
  return ops.cast(ops.not(ops.lessOrEqual(ops.scalar(Math.max(topP, minNormal)), before)), 'f32');
}

/** The smallest normal f32. */
const minNormal = 2 ** -126;

/** Top-k sampling, then top-p among these tokens. → f32 [B] */
function sampleFiltered(logits: Value, uniforms: Value, { topK, topP = 1, temperature }: Sampling): Value {
  const [rows = 0, vocabulary = 0] = logits.shape;
  const width = Math.min(topK ?? Infinity, vocabulary);
  const [values, tokens] = ops.topK(logits, width);
  const probabilities = ops.softmax(applyTemperature(values, ops.slice(values, 1, 0, 1), temperature));
  // With top-p of 1 every token is kept, however sums of f32 are rounded.
  const kept = topP === 1 ? ops.broadcastTo(ops.scalar(1), [rows, width]) : topPMask(probabilities, topP);
  const last = ops.sub(ops.reduceSum(kept, [1]), ops.scalar(1));
  const rank = ops.cast(invertCdf(ops.mul(probabilities, kept), uniforms, last), 'i64');
  const ranks = ops.integers([...Array(width).keys()], [1, width]);
  const hit = ops.cast(ops.equal(ranks, ops.reshape(rank, [rows, 1])), 'f32');
  // Ids are below 2^24, so an f32 sum is exact.
  return ops.reduceSum(ops.mul(ops.cast(tokens, 'f32'), hit), [1]);
}

/** Samples tokens i64 [B] from logits [B, V] with uniforms in [0, 1) [B, 1]. Rows are independent. */
export function sample(logits: Value, uniforms: Value, decoding: Sampling): Value {
  const { topK, topP, temperature } = decoding;
  if (topK !== undefined || topP !== undefined)
    return ops.cast(sampleFiltered(logits, uniforms, decoding), 'i64');
  const probabilities = ops.softmax(applyTemperature(logits, ops.reduceMax(logits, 1), temperature));
  const last = ops.scalar((logits.shape[1] ?? 1) - 1);
  return ops.cast(invertCdf(probabilities, uniforms, last), 'i64');
}
