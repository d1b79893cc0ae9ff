import { inputAt } from './shapes';
import type { Emitter, Lowering } from './emitter';
import type { AttributeValue } from './onnx-proto';
import { streamLowerings } from './stream-attention';
import { growing, type DType, type Op, type PrimitiveName, type Shape } from './primitives';

/** Operators that come with ONNX Runtime, not with ONNX. */
export const contributed = 'com.microsoft';

const contributedOperators: ReadonlySet<string> = new Set(['FusedMatMul', 'QuickGelu', 'RotaryEmbedding']);

/** The domain in which an operator is looked up. */
export function domainOf(opType: string): string {
  return contributedOperators.has(opType) ? contributed : '';
}

const int = (value: number): AttributeValue => ({ kind: 'int', value });
const float = (value: number): AttributeValue => ({ kind: 'float', value });
const flag = (value: boolean): AttributeValue => int(value ? 1 : 0);

/** TensorProto.DataType, as Cast wants it. */
const elementTypes: Readonly<Record<DType, number>> = { f32: 1, i32: 6, i64: 7, bool: 9 };

/** Up to this many rows, a product with a one-hot matrix is faster than adding rows one by one. */
const oneHotRows = 512;

const as =
  (opType: string): Lowering<PrimitiveName> =>
  (_, { node, operands, results }) =>
    node(opType, operands, results);

const leaf: Lowering<PrimitiveName> = () => undefined;

function operand(emit: Emitter, index: number): string {
  return emit.operands[index] ?? '';
}

function result(emit: Emitter, index = 0): string {
  return emit.results[index] ?? '';
}

function batchedProduct(
  emit: Emitter,
  names: [string, string, string],
  options: { transB?: boolean; alpha?: number },
): void {
  emit.node('FusedMatMul', [names[0], names[1]], [names[2]], {
    transB: flag(options.transB ?? false),
    alpha: float(options.alpha ?? 1),
  });
}

function scatterByProduct(op: Op<'scatterAddRows'>, emit: Emitter): void {
  const oneHot = emit.fresh();
  const depth = emit.integers([op.parameters.rows], []);
  emit.node('OneHot', [operand(emit, 1), depth, emit.floats([0, 1], [2])], [oneHot], { axis: int(-1) });
  emit.node('Gemm', [oneHot, operand(emit, 0)], emit.results, { transA: int(1) });
}

/** Indices [N] for each element of a row: [N, …]. */
function spreadIndices(emit: Emitter, columns: Shape): string {
  if (columns.length === 0) return operand(emit, 1);
  const [column, indices] = [emit.fresh(), emit.fresh()];
  emit.node('Unsqueeze', [operand(emit, 1), emit.integers([1])], [column]);
  emit.node('Expand', [column, emit.integers([1, ...columns])], [indices]);
  return indices;
}

/** ScatterND(reduction=add) loses additions on several threads; ScatterElements does not. */
function scatterByElements(op: Op<'scatterAddRows'>, emit: Emitter): void {
  const [updates, rows] = [inputAt(op.inputs, 0), op.parameters.rows];
  const columns = updates.shape.slice(1);
  const zeros = emit.fresh();
  emit.node('Expand', [emit.floats([0], []), emit.integers([rows, ...columns])], [zeros]);
  emit.node('ScatterElements', [zeros, spreadIndices(emit, columns), operand(emit, 0)], emit.results, {
    axis: int(0),
    reduction: { kind: 'string', value: 'add' },
  });
}

/** A 2-D product, with an addend as its third operand where there is one. */
export function lowerGemm(op: Op<'matmul'> | Op<'loraLinear'>, { node, operands, results }: Emitter): void {
  const { transA, transB, alpha } =
    op.primitive === 'matmul' ? op.parameters : { transA: false, transB: true, alpha: 1 };
  node('Gemm', operands, results, { transA: flag(transA), transB: flag(transB), alpha: float(alpha) });
}

function product(op: Op<'matmul'>, emit: Emitter): void {
  if (inputAt(op.inputs, 0).shape.length === 2) {
    lowerGemm(op, emit);
    return;
  }
  const { transA, transB, alpha } = op.parameters;
  emit.node('FusedMatMul', emit.operands, emit.results, {
    transA: flag(transA),
    transB: flag(transB),
    alpha: float(alpha),
  });
}

function attend(op: Op<'attention'>, emit: Emitter): void {
  const [scores, masked, weights] = [emit.fresh(), emit.fresh(), emit.fresh()];
  batchedProduct(emit, [operand(emit, 0), operand(emit, 1), scores], {
    transB: true,
    alpha: op.parameters.scale,
  });
  emit.node('Add', [scores, operand(emit, 3)], [masked]);
  emit.node('Softmax', [masked], [weights], { axis: int(-1) });
  batchedProduct(emit, [weights, operand(emit, 2), result(emit)], {});
}

/** A shape as Expand wants it: a size that is known only when the graph runs is the operand's own. */
const kept = (shape: Shape): Shape => shape.map((size) => (size < 0 ? 1 : size));

/** A shape as Reshape wants it: a size that is known only when the graph runs follows from the others. */
const inferred = (shape: Shape): Shape => shape.map((size) => Math.max(size, -1));

function pickTargets(op: Op<'tokenLogProbability'>, emit: Emitter): void {
  const [column, picked] = [emit.fresh(), emit.fresh()];
  const shape = inputAt(op.outputs, 0).shape;
  emit.node('LogSoftmax', [operand(emit, 0)], [result(emit, 1)], { axis: int(-1) });
  emit.node('Reshape', [operand(emit, 1), emit.integers(inferred([...shape, 1]))], [column]);
  emit.node('GatherElements', [result(emit, 1), column], [picked], { axis: int(-1) });
  emit.node('Reshape', [picked, emit.integers(inferred(shape))], [result(emit)]);
}

/** Concat and not Pad, which has no kernel for bf16. */
function zerosInFront(op: Op<'rowsBehind'>, emit: Emitter): void {
  const [size, zeros] = [emit.fresh(), emit.fresh()];
  const [, ...columns] = inputAt(op.inputs, 0).shape;
  emit.node('Concat', [operand(emit, 1), emit.integers(columns)], [size], { axis: int(0) });
  emit.node('Expand', [emit.floats([0], []), size], [zeros]);
  emit.node('Concat', [zeros, operand(emit, 0)], emit.results, { axis: int(0) });
}

/** TensorProto.DataType of the unsigned words that are shifted; they stay within one lowering. */
const unsigned = 12;

/** One round of a mix of 32-bit words: x ^= x >> shift, and x *= factor where there is one. i32 in and out. */
function mixWords(emit: Emitter, x: string, shift: number, factor: number | null): string {
  const cast = (value: string, to: number): string => {
    const out = emit.fresh();
    emit.node('Cast', [value], [out], { to: int(to) });
    return out;
  };
  const [moved, mixed, product] = [emit.fresh(), emit.fresh(), emit.fresh()];
  emit.node('BitShift', [cast(x, unsigned), cast(emit.integers([shift], []), unsigned)], [moved], {
    direction: { kind: 'string', value: 'RIGHT' },
  });
  emit.node('BitwiseXor', [x, cast(moved, elementTypes.i32)], [mixed]);
  if (factor === null) return mixed;
  emit.node('Mul', [mixed, cast(emit.integers([factor], []), elementTypes.i32)], [product]);
  return product;
}

/**
 * The two words of an element, xored and mixed ("lowbias32" of the hash-prospector project), give a uniform 32-bit
 * word; the lowest share of them is dropped.
 */
function dropElements(op: Op<'dropoutMask'>, emit: Emitter): void {
  const { rate } = op.parameters;
  const [column, both, limit] = [emit.fresh(), emit.fresh(), emit.fresh()];
  const [kept, ones] = [emit.fresh(), emit.fresh()];
  emit.node('Unsqueeze', [operand(emit, 0), emit.integers([1])], [column]);
  emit.node('BitwiseXor', [column, operand(emit, 1)], [both]);
  // Multiplication wraps around; factors are given as signed words of the same bits.
  const first = mixWords(emit, both, 16, 0x7feb352d);
  const word = mixWords(emit, mixWords(emit, first, 15, 0x846ca68b | 0), 16, null);
  const threshold = Math.floor(rate * 2 ** 32) - 2 ** 31;
  emit.node('Cast', [emit.integers([threshold], [])], [limit], { to: int(elementTypes.i32) });
  emit.node('LessOrEqual', [limit, word], [kept]);
  emit.node('Cast', [kept], [ones], { to: int(elementTypes.f32) });
  emit.node('Mul', [ones, emit.floats([1 / (1 - rate)], [])], emit.results);
}

/** Takes the shape of x and nothing of the other's: a reshape that waits for both and copies neither. */
function waitFor(_: Op<'after'>, emit: Emitter): void {
  const [own, other, none, shape] = [emit.fresh(), emit.fresh(), emit.fresh(), emit.fresh()];
  emit.node('Shape', [operand(emit, 0)], [own]);
  emit.node('Shape', [operand(emit, 1)], [other]);
  emit.node('Slice', [other, emit.integers([0]), emit.integers([0])], [none]);
  emit.node('Concat', [own, none], [shape], { axis: int(0) });
  emit.node('Reshape', [operand(emit, 0), shape], emit.results);
}

/** How each primitive is written in ONNX. Composed so that every operator has a CPU kernel for f32. */
export const lowerings: { readonly [N in PrimitiveName]: Lowering<N> } = {
  input: leaf,
  constant: leaf,
  bodyInput: leaf,
  add: as('Add'),
  sub: as('Sub'),
  mul: as('Mul'),
  div: as('Div'),
  minimum: as('Min'),
  equal: as('Equal'),
  lessOrEqual: as('LessOrEqual'),
  and: as('And'),
  not: as('Not'),
  where: as('Where'),
  neg: as('Neg'),
  exp: as('Exp'),
  log: as('Log'),
  sqrt: as('Sqrt'),
  sigmoid: as('Sigmoid'),
  softplus: as('Softplus'),
  cast: (op, { node, operands, results }) =>
    node('Cast', operands, results, { to: int(elementTypes[op.parameters.to]) }),
  reshape: (op, emit) =>
    emit.node('Reshape', [operand(emit, 0), emit.integers(inferred(op.parameters.shape))], emit.results),
  transpose: (op, { node, operands, results }) =>
    node('Transpose', operands, results, { perm: { kind: 'ints', value: op.parameters.permutation } }),
  broadcastTo: (op, emit) =>
    emit.node('Expand', [operand(emit, 0), emit.integers(kept(op.parameters.shape))], emit.results),
  concat: (op, { node, operands, results }) =>
    node('Concat', operands, results, { axis: int(op.parameters.axis) }),
  slice: ({ parameters: { axis, start, end } }, emit) =>
    emit.node(
      'Slice',
      [
        operand(emit, 0),
        emit.integers([start]),
        emit.integers([end === growing ? Number.MAX_SAFE_INTEGER : end]),
        emit.integers([axis]),
      ],
      emit.results,
    ),
  split: (op, emit) =>
    emit.node('Split', [operand(emit, 0), emit.integers(op.parameters.sizes)], emit.results, {
      axis: int(op.parameters.axis),
    }),
  gatherRows: (_, { node, operands, results }) => node('Gather', operands, results, { axis: int(0) }),
  scatterAddRows: (op, emit) =>
    op.parameters.rows <= oneHotRows && inputAt(op.inputs, 0).shape.length === 2
      ? scatterByProduct(op, emit)
      : scatterByElements(op, emit),
  rowsFrom: (_, emit) =>
    emit.node(
      'Slice',
      [operand(emit, 0), operand(emit, 1), emit.integers([Number.MAX_SAFE_INTEGER]), emit.integers([0])],
      emit.results,
    ),
  rowsBetween: (_, emit) => emit.node('Slice', [...emit.operands, emit.integers([0])], emit.results),
  rowsBehind: zerosInFront,
  reduceSum: (op, emit) =>
    emit.node('ReduceSum', [operand(emit, 0), emit.integers(op.parameters.axes)], emit.results, {
      keepdims: flag(op.parameters.keepDims),
    }),
  reduceMax: (op, emit) =>
    emit.node('ReduceMax', [operand(emit, 0), emit.integers([op.parameters.axis])], emit.results, {
      keepdims: int(1),
    }),
  argMax: (op, { node, operands, results }) =>
    node('ArgMax', operands, results, { axis: int(op.parameters.axis), keepdims: int(0) }),
  topK: (op, emit) =>
    emit.node('TopK', [operand(emit, 0), emit.integers([op.parameters.k])], emit.results, {
      axis: int(-1),
    }),
  cumulativeSum: (op, emit) =>
    emit.node('CumSum', [operand(emit, 0), emit.integers([op.parameters.axis], [])], emit.results),
  softmax: (_, { node, operands, results }) => node('Softmax', operands, results, { axis: int(-1) }),
  matmul: product,
  rmsNorm: (op, { node, operands, results }) =>
    node('SimplifiedLayerNormalization', operands, results, {
      axis: int(-1),
      epsilon: float(op.parameters.epsilon),
      stash_type: int(1),
    }),
  rotate: (op, { node, operands, results }) =>
    node('RotaryEmbedding', operands, results, { num_heads: int(op.parameters.heads), interleaved: int(0) }),
  swiglu: (_, emit) => {
    emit.node('QuickGelu', [operand(emit, 0)], [result(emit, 1)], { alpha: float(1) });
    emit.node('Mul', [result(emit, 1), operand(emit, 1)], [result(emit)]);
  },
  attention: attend,
  ...streamLowerings,
  tokenLogProbability: pickTargets,
  chunkedLogProbability: (_, { node, operands, results }) => node('Identity', operands.slice(0, 1), results),
  loraLinear: (op, emit) => lowerGemm(op, { ...emit, operands: emit.operands.slice(0, 2) }),
  dropoutMask: dropElements,
  after: waitFor,
  loop: (op, { node, operands, results, body }) =>
    node('Loop', operands, results, { body: { kind: 'graph', value: body(op.parameters.body) } }),
};

/** Whether every size is known before the graph runs. */
export function isStatic(shape: Shape): boolean {
  return shape.every((size) => size >= 0);
}
