import {
  dynamic,
  type DType,
  type PrimitiveName,
  type Primitives,
  type Shape,
  type Segments,
  type TensorType,
  type Value,
} from './primitives';

type ShapeRule<N extends PrimitiveName> = (
  inputs: readonly Value[],
  parameters: Primitives[N],
) => readonly TensorType[];

/** The n-th input. A missing one is an error of the caller. */
export function inputAt(inputs: readonly Value[], index: number): Value {
  const value = inputs[index];
  if (value === undefined) throw new RangeError(`an op has no input ${String(index)}`);
  return value;
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function dim(shape: Shape, axis: number): number {
  const size = shape.at(axis);
  if (size === undefined) throw new RangeError(`[${shape.join(', ')}] has no axis ${String(axis)}`);
  return size;
}

function check(holds: boolean, rule: string, inputs: readonly Value[]): void {
  if (holds) return;
  const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join(', ')}]`).join(', ');
  throw new RangeError(`${rule} does not take ${shapes}`);
}

/** The shape that two shapes broadcast to, by NumPy's rule. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

function binary(inputs: readonly Value[], dtype?: DType): readonly TensorType[] {
  const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
  check(a.dtype === b.dtype, 'a binary op', inputs);
  return [{ dtype: dtype ?? a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
}

function unary(inputs: readonly Value[]): readonly TensorType[] {
  const { dtype, shape } = inputAt(inputs, 0);
  return [{ dtype, shape }];
}

function withAxis(shape: Shape, axis: number, size: number): Shape {
  const at = axis < 0 ? axis + shape.length : axis;
  return shape.map((old, index) => (index === at ? size : old));
}

/** Whether a reshape only names a dynamic size. */
const namesDynamicSize = (from: Shape, to: Shape): boolean =>
  from.length === to.length && to.every((size, axis) => from[axis] === dynamic || from[axis] === size);

function reduce(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));
}

const f32 = (...shape: number[]): TensorType => ({ dtype: 'f32', shape });

/** Replaces dynamic sizes by names. Sizes with the same name are equal. */
export const nameSizes = (shape: Shape): readonly (number | string)[] =>
  shape.map((size) => (size < 0 ? `size${String(-size)}` : size));

/** Indices of the segments with queries. */
export const querySegments = ({ contexts, firstQuery }: Segments): readonly number[] =>
  [...contexts.keys()].slice(firstQuery);

function withRows(inputs: readonly Value[], size: number): readonly TensorType[] {
  const { dtype, shape } = inputAt(inputs, 0);
  return [{ dtype, shape: withAxis(shape, 0, size) }];
}

function concatenate(inputs: readonly Value[], axis: number): Shape {
  const first = inputAt(inputs, 0);
  const sizes = inputs.map((input) => dim(input.shape, axis));
  const total = sizes.includes(dynamic) ? dynamic : sizes.reduce((sum, size) => sum + size, 0);
  const compatible = inputs.every((input) =>
    sameShape(withAxis(input.shape, axis, 0), withAxis(first.shape, axis, 0)),
  );
  check(compatible, 'concat', inputs);
  return withAxis(first.shape, axis, total);
}

function multiply(inputs: readonly Value[], parameters: Primitives['matmul']): readonly TensorType[] {
  const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
  const rows = dim(a.shape, parameters.transA ? -1 : -2);
  const columns = dim(b.shape, parameters.transB ? -2 : -1);
  const inner = [dim(a.shape, parameters.transA ? -2 : -1), dim(b.shape, parameters.transB ? -1 : -2)];
  check(inner[0] === inner[1], 'matmul', inputs);
  check(sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), 'matmul', inputs);
  return [{ dtype: 'f32', shape: [...a.shape.slice(0, -2), rows, columns] }];
}

/** The output types of each primitive, from its input types. */
export const shapeRules: { readonly [N in PrimitiveName]: ShapeRule<N> } = {
  input: (_, { dtype, shape }) => [{ dtype, shape }],
  constant: (_, { dtype, shape, data }) => {
    if (data.length !== sizeOf(shape))
      throw new RangeError(`a constant [${shape.join(', ')}] of ${String(data.length)} elements`);
    return [{ dtype, shape }];
  },
  bodyInput: (_, { dtype, shape }) => [{ dtype, shape }],
  add: (inputs) => binary(inputs),
  sub: (inputs) => binary(inputs),
  mul: (inputs) => binary(inputs),
  div: (inputs) => binary(inputs),
  minimum: (inputs) => binary(inputs),
  equal: (inputs) => binary(inputs, 'bool'),
  lessOrEqual: (inputs) => binary(inputs, 'bool'),
  and: (inputs) => binary(inputs),
  where: (inputs) => {
    const [condition, ...branches] = inputs;
    check(condition?.dtype === 'bool', 'where', inputs);
    return binary(branches).map(({ dtype, shape }) => ({
      dtype,
      shape: broadcastShapes(inputAt(inputs, 0).shape, shape),
    }));
  },
  neg: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  sigmoid: unary,
  softplus: unary,
  not: unary,
  cast: (inputs, { to }) => [{ dtype: to, shape: inputAt(inputs, 0).shape }],
  reshape: (inputs, { shape }) => {
    const { shape: from } = inputAt(inputs, 0);
    const fits = sizeOf(shape) === sizeOf(from) || namesDynamicSize(from, shape);
    check(fits, `reshape to [${shape.join(', ')}]`, inputs);
    return [{ dtype: inputAt(inputs, 0).dtype, shape }];
  },
  transpose: (inputs, { permutation }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    return [{ dtype, shape: permutation.map((axis) => dim(shape, axis)) }];
  },
  broadcastTo: (inputs, { shape }) => {
    const { dtype, shape: from } = inputAt(inputs, 0);
    const fits = shape.every((size, axis) => size >= 0 || size === from[axis - shape.length + from.length]);
    check(fits, `broadcast to [${shape.join(', ')}]`, inputs);
    return [{ dtype, shape }];
  },
  concat: (inputs, { axis }) => [{ dtype: inputAt(inputs, 0).dtype, shape: concatenate(inputs, axis) }],
  slice: (inputs, { axis, start, end }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    if (end === dynamic) return [{ dtype, shape: withAxis(shape, axis, dynamic) }];
    check(start >= 0 && (dim(shape, axis) === dynamic || end <= dim(shape, axis)), 'slice', inputs);
    return [{ dtype, shape: withAxis(shape, axis, end - start) }];
  },
  split: (inputs, { axis, sizes }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    check(sizes.reduce((sum, size) => sum + size, 0) === dim(shape, axis), 'split', inputs);
    return sizes.map((size) => ({ dtype, shape: withAxis(shape, axis, size) }));
  },
  gatherRows: (inputs) => {
    const [table, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  scatterAddRows: (inputs, { rows }) => [
    { dtype: 'f32', shape: [rows, ...inputAt(inputs, 0).shape.slice(1)] },
  ],
  dynamicSlice: (inputs, { size }) => withRows(inputs, size),
  dynamicPad: (inputs, { size }) => withRows(inputs, size),
  dynamicSliceRange: (inputs, { size }) => withRows(inputs, size),
  reduceSum: (inputs, { axes, keepDims }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    return [{ dtype, shape: reduce(shape, axes, keepDims) }];
  },
  reduceMax: (inputs, { axis }) => [{ dtype: 'f32', shape: withAxis(inputAt(inputs, 0).shape, axis, 1) }],
  argMax: (inputs, { axis }) => [{ dtype: 'i64', shape: reduce(inputAt(inputs, 0).shape, [axis], false) }],
  topK: (inputs, { k }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    check(k <= dim(shape, -1), `top ${String(k)}`, inputs);
    return [
      { dtype, shape: withAxis(shape, -1, k) },
      { dtype: 'i64', shape: withAxis(shape, -1, k) },
    ];
  },
  cumulativeSum: unary,
  softmax: unary,
  matmul: multiply,
  rmsNorm: (inputs) => {
    const { shape } = inputAt(inputs, 0);
    return [
      { dtype: 'f32', shape },
      { dtype: 'f32', shape: withAxis(shape, -1, 1) },
    ];
  },
  rope: unary,
  swiglu: (inputs) => [...binary(inputs), ...unary(inputs)],
  attention: (inputs) => unary(inputs.slice(0, 1)),
  varlenMasks: (_, parameters) => querySegments(parameters).map(() => f32(dynamic, dynamic)),
  varlenAttention: (inputs, parameters) => {
    const { heads, keyValueHeads } = parameters;
    const [size = 0, width = 0] = inputAt(inputs, 0).shape;
    const heads3d = f32(keyValueHeads, dynamic, width / heads);
    const saved = [heads3d, heads3d, heads3d, f32(keyValueHeads, dynamic, dynamic)];
    return [f32(size, width), ...querySegments(parameters).flatMap(() => saved)];
  },
  varlenAttentionGradient: (inputs, { heads, keyValueHeads, size }) => {
    const [queries = 0, width = 0] = inputAt(inputs, 0).shape;
    const keys = f32(size, (width / heads) * keyValueHeads);
    return [f32(queries, width), keys, keys];
  },
  tokenLogProbability: (inputs) => {
    const { shape } = inputAt(inputs, 0);
    return [
      { dtype: 'f32', shape: shape.slice(0, -1) },
      { dtype: 'f32', shape },
    ];
  },
  chunkedLogProbability: (inputs) => [f32(dim(inputAt(inputs, 1).shape, 0))],
  loraLinear: (inputs) => {
    const [x, merged] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    check(dim(x.shape, -1) === dim(merged.shape, -1), 'loraLinear', inputs);
    return [{ dtype: 'f32', shape: withAxis(x.shape, -1, dim(merged.shape, 0)) }];
  },
  dropoutMask: (inputs) => {
    const [rows, columns] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    check(rows.dtype === 'i32' && columns.dtype === 'i32', 'dropoutMask', inputs);
    return [{ dtype: 'f32', shape: [dim(rows.shape, 0), dim(columns.shape, 0)] }];
  },
  optimizationBarrier: (inputs) => unary(inputs.slice(0, 1)),
  loop: (_, { body }) => [
    ...body.inputs.slice(2).map(({ dtype, shape }) => ({ dtype, shape })),
    ...body.outputs
      .slice(body.inputs.length - 1)
      .map(({ dtype, shape }) => ({ dtype, shape: [dynamic, ...shape] })),
  ],
};
