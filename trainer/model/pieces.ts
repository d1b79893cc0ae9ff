import { ops, type Value } from '../graph';

const { add, div, exp, loraLinear, matmul, mul, reduceSum, reshape, rmsNorm, rotate } = ops;
const { scalar, sigmoid, split, sqrt, sub, swiglu, tokenLogProbability, concat } = ops;

/** Angles of the rotary embedding: cos and sin [positions, headSize / 2], and where a row starts [1] or stands [B, T]. */
export interface Rotary {
  readonly cos: Value;
  readonly sin: Value;
  readonly positions: Value;
}

export interface LoraWeights {
  readonly a: Value;
  readonly b: Value;
  /** What the inputs of A are multiplied by in training; null for no dropout. */
  readonly mask?: Value | null;
}

/** The parts of a decoder that have a fused form. */
export interface Pieces {
  /** x [N, D] ∘ weight [D] / rms(x) */
  readonly norm: (x: Value, weight: Value, epsilon: number) => Value;
  /** x [B, T, heads · hd] → the same, each pair (i, i + hd / 2) of a head turned by its position's angle. */
  readonly rotate: (x: Value, rotary: Rotary, heads: number) => Value;
  /** silu(gate) ∘ up */
  readonly gate: (gate: Value, up: Value) => Value;
  /** x (W + scale · B · A)ᵀ; where a dropout mask is given, x Wᵀ + scale (x ∘ mask) Aᵀ Bᵀ. */
  readonly adapt: (x: Value, weight: Value, lora: LoraWeights, scale: number) => Value;
  /** Log-probability of each target [N], and all of them [N, V]. */
  readonly score: (logits: Value, targets: Value) => readonly [Value, Value];
}

function adaptApart(x: Value, weight: Value, { a, b, mask }: LoraWeights, scale: number): Value {
  const low = matmul(mask ? mul(x, mask) : x, a, { transB: true });
  return add(matmul(x, weight, { transB: true }), matmul(low, b, { transB: true, alpha: scale }));
}

/** One op each, with a gradient worked out by hand. */
export const fusedPieces: Pieces = {
  norm: rmsNorm,
  rotate: (x, rotary, heads) => rotate(x, rotary.positions, rotary, heads),
  gate: swiglu,
  adapt: (x, weight, lora, scale) => {
    // A merged weight has one input; under dropout A sees another one than W.
    if (lora.mask) return adaptApart(x, weight, lora, scale);
    const merged = add(weight, matmul(lora.b, lora.a, { alpha: scale }));
    return loraLinear(x, { merged, a: lora.a, b: lora.b }, scale);
  },
  score: tokenLogProbability,
};

/** The same with an adapter's product beside the weight's, and never added to it. */
export const unmergedPieces: Pieces = { ...fusedPieces, adapt: adaptApart };

function plainNorm(x: Value, weight: Value, epsilon: number): Value {
  const width = x.shape.at(-1) ?? 1;
  const meanSquare = mul(reduceSum(mul(x, x), [1], true), scalar(1 / width));
  return mul(div(x, sqrt(add(meanSquare, scalar(epsilon)))), weight);
}

function plainRotate(x: Value, rotary: Rotary, heads: number): Value {
  const [rows = 0, length = 0, width = 0] = x.shape;
  const half = width / heads / 2;
  const [left, right] = split(reshape(x, [rows, length, heads, 2 * half]), 3, [half, half]);
  if (left === undefined || right === undefined) throw new RangeError('a head has two halves');
  const steps = ops.integers([...Array(length).keys()], [1, length]);
  const positions = rotary.positions.shape.length === 2 ? rotary.positions : add(rotary.positions, steps);
  const table = (values: Value): Value => ops.gatherRows(values, reshape(positions, [...positions.shape, 1]));
  const [cos, sin] = [table(rotary.cos), table(rotary.sin)];
  const turned = [sub(mul(left, cos), mul(right, sin)), add(mul(right, cos), mul(left, sin))];
  return reshape(concat(turned, 3), x.shape);
}

function plainScore(logits: Value, targets: Value): readonly [Value, Value] {
  const [rows = 0, vocabulary = 0] = logits.shape;
  const shifted = sub(logits, ops.reduceMax(logits, 1));
  const all = sub(shifted, ops.log(reduceSum(exp(shifted), [1], true)));
  const ids = ops.integers([...Array(vocabulary).keys()], [1, vocabulary]);
  const hit = ops.cast(ops.equal(ids, reshape(targets, [rows, 1])), 'f32');
  return [reduceSum(mul(all, hit), [1]), all];
}

/** The same from primitives with generic gradients: the oracle of the fused pieces. First positions only from 0. */
export const plainPieces: Pieces = {
  norm: plainNorm,
  rotate: plainRotate,
  gate: (gate, up) => mul(mul(gate, sigmoid(gate)), up),
  adapt: adaptApart,
  score: plainScore,
};
