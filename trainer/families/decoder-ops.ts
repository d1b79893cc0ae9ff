import { ops, type Value } from '../graph';

const { add, div, exp, loraLinear, matmul, mul, reduceSum, reshape, rmsNorm, rope } = ops;
const { scalar, sigmoid, split, sqrt, sub, swiglu, tokenLogProbability, concat } = ops;

/** Angles of the rotary embedding: cos and sin [positions, headSize / 2], and the first position [1] or all [B, T]. */
export interface RopeAngles {
  readonly cos: Value;
  readonly sin: Value;
  readonly positions: Value;
}

export interface LoraWeights {
  readonly a: Value;
  readonly b: Value;
  /** Dropout mask of the inputs of A. Default: no dropout. */
  readonly mask?: Value | null;
}

/** The decoder ops that have a fused form. */
export interface DecoderOps {
  /** x [N, D] ∘ weight [D] / rms(x) */
  readonly rmsNorm: (x: Value, weight: Value, epsilon: number) => Value;
  /** x [B, T, heads · hd] → the same, with each pair (i, i + hd / 2) of a head rotated by its position's angle. */
  readonly rope: (x: Value, angles: RopeAngles, heads: number) => Value;
  /** silu(gate) ∘ up */
  readonly swiglu: (gate: Value, up: Value) => Value;
  /** x (W + scale · B · A)ᵀ, or with a dropout mask x Wᵀ + scale (x ∘ mask) Aᵀ Bᵀ. */
  readonly lora: (x: Value, weight: Value, adapter: LoraWeights, scale: number) => Value;
  /** Log-probability of each target [N], and of the whole vocabulary [N, V]. */
  readonly logProbability: (logits: Value, targets: Value) => readonly [Value, Value];
}

function loraUnmerged(x: Value, weight: Value, { a, b, mask }: LoraWeights, scale: number): Value {
  const low = matmul(mask ? mul(x, mask) : x, a, { transB: true });
  return add(matmul(x, weight, { transB: true }), matmul(low, b, { transB: true, alpha: scale }));
}

/** One primitive each, with a gradient derived by hand. */
export const fusedOps: DecoderOps = {
  rmsNorm,
  rope: (x, angles, heads) => rope(x, angles.positions, angles, heads),
  swiglu,
  lora: (x, weight, adapter, scale) => {
    // A merged weight has one input, but under dropout A and W have different inputs.
    if (adapter.mask) return loraUnmerged(x, weight, adapter, scale);
    const merged = add(weight, matmul(adapter.b, adapter.a, { alpha: scale }));
    return loraLinear(x, { merged, a: adapter.a, b: adapter.b }, scale);
  },
  logProbability: tokenLogProbability,
};

/** The fused ops, but an adapter is never merged into its weight. */
export const unmergedOps: DecoderOps = { ...fusedOps, lora: loraUnmerged };

function referenceRmsNorm(x: Value, weight: Value, epsilon: number): Value {
  const width = x.shape.at(-1) ?? 1;
  const meanSquare = mul(reduceSum(mul(x, x), [1], true), scalar(1 / width));
  return mul(div(x, sqrt(add(meanSquare, scalar(epsilon)))), weight);
}

function referenceRope(x: Value, angles: RopeAngles, heads: number): Value {
  const [rows = 0, length = 0, width = 0] = x.shape;
  const half = width / heads / 2;
  const [left, right] = split(reshape(x, [rows, length, heads, 2 * half]), 3, [half, half]);
  if (left === undefined || right === undefined) throw new RangeError('a head has two halves');
  const steps = ops.integers([...Array(length).keys()], [1, length]);
  const positions = angles.positions.shape.length === 2 ? angles.positions : add(angles.positions, steps);
  const table = (values: Value): Value => ops.gatherRows(values, reshape(positions, [...positions.shape, 1]));
  const [cos, sin] = [table(angles.cos), table(angles.sin)];
  const rotated = [sub(mul(left, cos), mul(right, sin)), add(mul(right, cos), mul(left, sin))];
  return reshape(concat(rotated, 3), x.shape);
}

function referenceLogProbability(logits: Value, targets: Value): readonly [Value, Value] {
  const [rows = 0, vocabulary = 0] = logits.shape;
  const shifted = sub(logits, ops.reduceMax(logits, 1));
  const all = sub(shifted, ops.log(reduceSum(exp(shifted), [1], true)));
  const ids = ops.integers([...Array(vocabulary).keys()], [1, vocabulary]);
  const hit = ops.cast(ops.equal(ids, reshape(targets, [rows, 1])), 'f32');
  return [reduceSum(mul(all, hit), [1]), all];
}

/** The same ops from elementary primitives: the reference of the fused ones. */
export const referenceOps: DecoderOps = {
  rmsNorm: referenceRmsNorm,
  rope: referenceRope,
  swiglu: (gate, up) => mul(mul(gate, sigmoid(gate)), up),
  lora: loraUnmerged,
  logProbability: referenceLogProbability,
};
