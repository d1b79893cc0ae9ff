import { inputAt, sameShape, shapeRules, sizeOf } from './shapes';
import type {
  AnyOp,
  DType,
  LoopBody,
  Op,
  PrimitiveName,
  Primitives,
  Shape,
  TensorType,
  Value,
} from './primitives';

const none = {};

/** Applies a primitive: checks the shapes and creates the op and its outputs. */
export function apply<N extends PrimitiveName>(
  primitive: N,
  inputs: readonly Value[],
  parameters: Primitives[N],
): readonly Value[] {
  const outputs: Value[] = [];
  const op: Op<N> = { primitive, parameters, inputs, outputs };
  for (const [index, type] of shapeRules[primitive](inputs, parameters).entries())
    outputs.push({ ...type, op: op as unknown as AnyOp, index });
  return outputs;
}

function applyOne<N extends PrimitiveName>(
  primitive: N,
  inputs: readonly Value[],
  parameters: Primitives[N],
): Value {
  return inputAt(apply(primitive, inputs, parameters), 0);
}

export const input = (name: string, dtype: DType, shape: Shape): Value =>
  applyOne('input', [], { name, dtype, shape });
export const constant = (data: Float32Array, shape: Shape): Value =>
  applyOne('constant', [], { data, dtype: 'f32', shape });
export const scalar = (value: number): Value => constant(Float32Array.of(value), []);
export const integers = (values: readonly number[], shape: Shape = [values.length]): Value =>
  applyOne('constant', [], { data: BigInt64Array.from(values, BigInt), dtype: 'i64', shape });
export const bool = (value: boolean): Value =>
  applyOne('constant', [], { data: Uint8Array.of(value ? 1 : 0), dtype: 'bool', shape: [] });

export const add = (a: Value, b: Value): Value => applyOne('add', [a, b], none);
export const sub = (a: Value, b: Value): Value => applyOne('sub', [a, b], none);
export const mul = (a: Value, b: Value): Value => applyOne('mul', [a, b], none);
export const div = (a: Value, b: Value): Value => applyOne('div', [a, b], none);
export const minimum = (a: Value, b: Value): Value => applyOne('minimum', [a, b], none);
export const equal = (a: Value, b: Value): Value => applyOne('equal', [a, b], none);
export const lessOrEqual = (a: Value, b: Value): Value => applyOne('lessOrEqual', [a, b], none);
export const and = (a: Value, b: Value): Value => applyOne('and', [a, b], none);
export const not = (a: Value): Value => applyOne('not', [a], none);
export const where = (condition: Value, a: Value, b: Value): Value =>
  applyOne('where', [condition, a, b], none);
export const neg = (x: Value): Value => applyOne('neg', [x], none);
export const exp = (x: Value): Value => applyOne('exp', [x], none);
export const log = (x: Value): Value => applyOne('log', [x], none);
export const sqrt = (x: Value): Value => applyOne('sqrt', [x], none);
export const sigmoid = (x: Value): Value => applyOne('sigmoid', [x], none);
/** log(1 + eˣ) */
export const softplus = (x: Value): Value => applyOne('softplus', [x], none);
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : applyOne('cast', [x], { to }));

export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : applyOne('reshape', [x], { shape });
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  applyOne('transpose', [x], { permutation });
export const broadcastTo = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : applyOne('broadcastTo', [x], { shape });
export const concat = (values: readonly Value[], axis: number): Value =>
  values.length === 1 ? inputAt(values, 0) : applyOne('concat', values, { axis });
export const slice = (x: Value, axis: number, start: number, end: number): Value =>
  applyOne('slice', [x], { axis, start, end });
export const split = (x: Value, axis: number, sizes: readonly number[]): readonly Value[] =>
  sizes.length === 1 ? [x] : apply('split', [x], { axis, sizes });
export const flatten = (x: Value): Value => reshape(x, [sizeOf(x.shape)]);
export const gatherRows = (table: Value, indices: Value): Value =>
  applyOne('gatherRows', [table, indices], none);
export const scatterAddRows = (updates: Value, indices: Value, rows: number): Value =>
  applyOne('scatterAddRows', [updates, indices], { rows });

export const dynamicSlice = (x: Value, start: Value, size: number): Value =>
  applyOne('dynamicSlice', [x, start], { size });
export const dynamicPad = (x: Value, count: Value, size: number): Value =>
  applyOne('dynamicPad', [x, count], { size });

export const dynamicSliceRange = (x: Value, [start, end]: readonly [Value, Value], size: number): Value =>
  applyOne('dynamicSliceRange', [x, start, end], { size });

export const reduceSum = (x: Value, axes: readonly number[], keepDims = false): Value =>
  axes.length === 0 ? x : applyOne('reduceSum', [x], { axes, keepDims });
/** The sum of all elements, as a scalar []. */
export const sum = (x: Value): Value => reduceSum(x, [...x.shape.keys()]);
/** The largest element along an axis, which is kept with size 1. */
export const reduceMax = (x: Value, axis: number): Value => applyOne('reduceMax', [x], { axis });
export const argMax = (x: Value, axis: number): Value => applyOne('argMax', [x], { axis });
/** The k largest elements of the last axis in descending order, and their indices. */
export const topK = (x: Value, k: number): readonly [Value, Value] => {
  const outputs = apply('topK', [x], { k });
  return [inputAt(outputs, 0), inputAt(outputs, 1)];
};
export const cumulativeSum = (x: Value, axis: number): Value => applyOne('cumulativeSum', [x], { axis });
/** Softmax over the last axis. */
export const softmax = (x: Value): Value => applyOne('softmax', [x], none);

/** alpha · op(A) · op(B) over the last two axes, where op is the identity or a transpose. */
export function matmul(
  a: Value,
  b: Value,
  options: { transA?: boolean; transB?: boolean; alpha?: number } = {},
): Value {
  const { transA = false, transB = false, alpha = 1 } = options;
  return applyOne('matmul', [a, b], { transA, transB, alpha });
}

export const rmsNorm = (x: Value, weight: Value, epsilon: number): Value =>
  applyOne('rmsNorm', [x, weight], { epsilon });
export const rope = (x: Value, positions: Value, tables: { cos: Value; sin: Value }, heads: number): Value =>
  applyOne('rope', [x, positions, tables.cos, tables.sin], { heads });
export const swiglu = (gate: Value, up: Value): Value => applyOne('swiglu', [gate, up], none);
export const attention = (qkv: { q: Value; k: Value; v: Value; mask: Value }, scale: number): Value =>
  applyOne('attention', [qkv.q, qkv.k, qkv.v, qkv.mask], { scale });
export const varlenMasks = (lengths: Value, parameters: Primitives['varlenMasks']): readonly Value[] =>
  apply('varlenMasks', [lengths], parameters);
/** Attention of the query segments. `masks` has one mask for each of them. */
export const varlenAttention = (
  { q, k, v, lengths, masks }: { q: Value; k: Value; v: Value; lengths: Value; masks: readonly Value[] },
  parameters: Primitives['varlenAttention'],
): Value => applyOne('varlenAttention', [q, k, v, lengths, ...masks], parameters);
/** The log-probability of each target, and the log-probabilities of the whole vocabulary. */
export const tokenLogProbability = (logits: Value, targets: Value): readonly [Value, Value] => {
  const outputs = apply('tokenLogProbability', [logits, targets], none);
  return [inputAt(outputs, 0), inputAt(outputs, 1)];
};
export const chunkedLogProbability = (
  from: { y: Value; x: Value; dydx: Value; head: Value; targets: Value; count: Value },
  rows: number,
): Value =>
  applyOne('chunkedLogProbability', [from.y, from.x, from.dydx, from.head, from.targets, from.count], {
    rows,
  });
export const loraLinear = (x: Value, weights: { merged: Value; a: Value; b: Value }, scale: number): Value =>
  applyOne('loraLinear', [x, weights.merged, weights.a, weights.b], { scale });

/** x unchanged, but not available before `other` is computed. */
export const optimizationBarrier = (x: Value, other: Value): Value =>
  applyOne('optimizationBarrier', [x, other], none);
export const dropoutMask = (rows: Value, columns: Value, rate: number): Value =>
  applyOne('dropoutMask', [rows, columns], { rate });
/** An i32 constant. */
export const words = (data: Int32Array): Value =>
  applyOne('constant', [], { data, dtype: 'i32', shape: [data.length] });

/** The results of one loop iteration. */
export interface Iteration {
  /** Whether another iteration follows: bool []. */
  readonly condition: Value;
  readonly carry: readonly Value[];
  /** Scan outputs, which are stacked over all iterations: [iterations, …]. */
  readonly ys?: readonly Value[];
}

/**
 * Runs `body` while its condition holds, at most `maxIterations` times. `body` takes the iteration's number and the
 * carry. → the final carry, then the stacked scan outputs.
 */
export function loop(
  maxIterations: number,
  init: readonly Value[],
  carryTypes: readonly TensorType[],
  body: (iteration: Value, carry: readonly Value[]) => Iteration,
): readonly Value[] {
  const bodyInput = (label: string, { dtype, shape }: TensorType): Value =>
    applyOne('bodyInput', [], { label, dtype, shape });
  const iteration = bodyInput('iteration', { dtype: 'i64', shape: [] });
  const previous = bodyInput('condition', { dtype: 'bool', shape: [] });
  const carry = carryTypes.map((type, index) => bodyInput(`carry${String(index)}`, type));
  const { condition, carry: next, ys = [] } = body(iteration, carry);
  const traced: LoopBody = {
    inputs: [iteration, previous, ...carry],
    outputs: [condition, ...next, ...ys],
  };
  return apply('loop', [integers([maxIterations], []), bool(true), ...init], { body: traced });
}
