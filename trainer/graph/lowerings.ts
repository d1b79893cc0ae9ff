import { inputAt } from './shapes';
import type { Emitter, Lowering } from './emitter';
import type { AttributeValue } from './onnx-proto';
import { dynamic, type DType, type Op, type PrimitiveName, type Shape } from './primitives';
import { varlenLowerings } from './varlen-attention';

/** The domain of ONNX Runtime's contrib operators, which are not part of ONNX. */
export const contribDomain = 'com.microsoft';

const contribOperators: ReadonlySet<string> = new Set(['FusedMatMul', 'QuickGelu', 'RotaryEmbedding']);

/** The domain of an operator. */
export function domainOf(opType: string): string {
  return contribOperators.has(opType) ? contribDomain : '';
}

const int = (value: number): AttributeValue => ({ kind: 'int', value });
const float = (value: number): AttributeValue => ({ kind: 'float', value });
const flag = (value: boolean): AttributeValue => int(value ? 1 : 0);

/** TensorProto.DataType, for Cast. */
const elementTypes: Readonly<Record<DType, number>> = { f32: 1, i32: 6, i64: 7, bool: 9 };

/** Up to this number of rows, a product with a one-hot matrix is faster than ScatterElements. */
const oneHotRows = 512;

const operator =
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

function batchedMatmul(
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

/** Broadcasts indices [N] to every element of a row: [N, …]. */
function broadcastIndices(emit: Emitter, columns: Shape): string {
  if (columns.length === 0) return operand(emit, 1);
  const [column, indices] = [emit.fresh(), emit.fresh()];
  emit.node('Unsqueeze', [operand(emit, 1), emit.integers([1])], [column]);
  emit.node('Expand', [column, emit.integers([1, ...columns])], [indices]);
  return indices;
}

/** Not ScatterND(reduction=add): it loses additions on several threads. */
function scatterByElements(op: Op<'scatterAddRows'>, emit: Emitter): void {
  const [updates, rows] = [inputAt(op.inputs, 0), op.parameters.rows];
  const columns = updates.shape.slice(1);
  const zeros = emit.fresh();
  emit.node('Expand', [emit.floats([0], []), emit.integers([rows, ...columns])], [zeros]);
  emit.node('ScatterElements', [zeros, broadcastIndices(emit, columns), operand(emit, 0)], emit.results, {
    axis: int(0),
    reduction: { kind: 'string', value: 'add' },
  });
}

/** A 2-D product. A third operand is added to it. */
export function lowerGemm(op: Op<'matmul'> | Op<'loraLinear'>, { node, operands, results }: Emitter): void {
  const { transA, transB, alpha } =
    op.primitive === 'matmul' ? op.parameters : { transA: false, transB: true, alpha: 1 };
  node('Gemm', operands, results, { transA: flag(transA), transB: flag(transB), alpha: float(alpha) });
}

function lowerMatmul(op: Op<'matmul'>, emit: Emitter): void {
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

function lowerAttention(op: Op<'attention'>, emit: Emitter): void {
  const [scores, masked, probabilities] = [emit.fresh(), emit.fresh(), emit.fresh()];
  batchedMatmul(emit, [operand(emit, 0), operand(emit, 1), scores], {
    transB: true,
    alpha: op.parameters.scale,
  });
  emit.node('Add', [scores, operand(emit, 3)], [masked]);
  emit.node('Softmax', [masked], [probabilities], { axis: int(-1) });
  batchedMatmul(emit, [probabilities, operand(emit, 2), result(emit)], {});
}

/** The target shape of an Expand: a dynamic size becomes 1, which keeps the operand's size. */
const expandShape = (shape: Shape): Shape => shape.map((size) => (size < 0 ? 1 : size));

/** The target shape of a Reshape: a dynamic size becomes −1 and is inferred. */
const reshapeShape = (shape: Shape): Shape => shape.map((size) => Math.max(size, -1));

function gatherTargets(op: Op<'tokenLogProbability'>, emit: Emitter): void {
  const [column, gathered] = [emit.fresh(), emit.fresh()];
  const shape = inputAt(op.outputs, 0).shape;
  emit.node('LogSoftmax', [operand(emit, 0)], [result(emit, 1)], { axis: int(-1) });
  emit.node('Reshape', [operand(emit, 1), emit.integers(reshapeShape([...shape, 1]))], [column]);
  emit.node('GatherElements', [result(emit, 1), column], [gathered], { axis: int(-1) });
  emit.node('Reshape', [gathered, emit.integers(reshapeShape(shape))], [result(emit)]);
}

/** Concat, because Pad has no bf16 kernel. */
function padRows(op: Op<'dynamicPad'>, emit: Emitter): void {
  const [size, zeros] = [emit.fresh(), emit.fresh()];
  const [, ...columns] = inputAt(op.inputs, 0).shape;
  emit.node('Concat', [operand(emit, 1), emit.integers(columns)], [size], { axis: int(0) });
  emit.node('Expand', [emit.floats([0], []), size], [zeros]);
  emit.node('Concat', [zeros, operand(emit, 0)], emit.results, { axis: int(0) });
}

/** TensorProto.DataType of u32, which only occurs within this lowering. */
const uint32 = 12;

/** One round of a 32-bit hash: x ^= x >> shift, then x *= factor unless it is null. i32 in and out. */
function hashRound(emit: Emitter, x: string, shift: number, factor: number | null): string {
  const cast = (value: string, to: number): string => {
    const out = emit.fresh();
    emit.node('Cast', [value], [out], { to: int(to) });
    return out;
  };
  const [shifted, mixed, product] = [emit.fresh(), emit.fresh(), emit.fresh()];
  emit.node('BitShift', [cast(x, uint32), cast(emit.integers([shift], []), uint32)], [shifted], {
    direction: { kind: 'string', value: 'RIGHT' },
  });
  emit.node('BitwiseXor', [x, cast(shifted, elementTypes.i32)], [mixed]);
  if (factor === null) return mixed;
  emit.node('Mul', [mixed, cast(emit.integers([factor], []), elementTypes.i32)], [product]);
  return product;
}

/**
 * Hashes the xor of an element's two words ("lowbias32" of the hash-prospector project) to a uniform 32-bit word. An
 * element is dropped if its word is below the threshold of the rate.
 */
function lowerDropoutMask(op: Op<'dropoutMask'>, emit: Emitter): void {
  const { rate } = op.parameters;
  const [column, both, limit] = [emit.fresh(), emit.fresh(), emit.fresh()];
  const [kept, ones] = [emit.fresh(), emit.fresh()];
  emit.node('Unsqueeze', [operand(emit, 0), emit.integers([1])], [column]);
  emit.node('BitwiseXor', [column, operand(emit, 1)], [both]);
  // Multiplication wraps around, so factors may be signed words with the same bits.
  const first = hashRound(emit, both, 16, 0x7feb352d);
  const word = hashRound(emit, hashRound(emit, first, 15, 0x846ca68b | 0), 16, null);
  const threshold = Math.floor(rate * 2 ** 32) - 2 ** 31;
  emit.node('Cast', [emit.integers([threshold], [])], [limit], { to: int(elementTypes.i32) });
  emit.node('LessOrEqual', [limit, word], [kept]);
  emit.node('Cast', [kept], [ones], { to: int(elementTypes.f32) });
  emit.node('Mul', [ones, emit.floats([1 / (1 - rate)], [])], emit.results);
}

/** A Reshape to x's own shape, computed from the shapes of both inputs: it waits for both and copies neither. */
function lowerBarrier(_: Op<'optimizationBarrier'>, emit: Emitter): void {
  const [own, other, none, shape] = [emit.fresh(), emit.fresh(), emit.fresh(), emit.fresh()];
  emit.node('Shape', [operand(emit, 0)], [own]);
  emit.node('Shape', [operand(emit, 1)], [other]);
  emit.node('Slice', [other, emit.integers([0]), emit.integers([0])], [none]);
  emit.node('Concat', [own, none], [shape], { axis: int(0) });
  emit.node('Reshape', [operand(emit, 0), shape], emit.results);
}

/** The ONNX nodes of each primitive. Every operator has an f32 kernel on the CPU. */
export const lowerings: { readonly [N in PrimitiveName]: Lowering<N> } = {
  input: leaf,
  constant: leaf,
  bodyInput: leaf,
  add: operator('Add'),
  sub: operator('Sub'),
  mul: operator('Mul'),
  div: operator('Div'),
  minimum: operator('Min'),
  equal: operator('Equal'),
  lessOrEqual: operator('LessOrEqual'),
  and: operator('And'),
  not: operator('Not'),
  where: operator('Where'),
  neg: operator('Neg'),
  exp: operator('Exp'),
  log: operator('Log'),
  sqrt: operator('Sqrt'),
  sigmoid: operator('Sigmoid'),
  softplus: operator('Softplus'),
  cast: (op, { node, operands, results }) =>
    node('Cast', operands, results, { to: int(elementTypes[op.parameters.to]) }),
  reshape: (op, emit) =>
    emit.node('Reshape', [operand(emit, 0), emit.integers(reshapeShape(op.parameters.shape))], emit.results),
  transpose: (op, { node, operands, results }) =>
    node('Transpose', operands, results, { perm: { kind: 'ints', value: op.parameters.permutation } }),
  broadcastTo: (op, emit) =>
    emit.node('Expand', [operand(emit, 0), emit.integers(expandShape(op.parameters.shape))], emit.results),
  concat: (op, { node, operands, results }) =>
    node('Concat', operands, results, { axis: int(op.parameters.axis) }),
  slice: ({ parameters: { axis, start, end } }, emit) =>
    emit.node(
      'Slice',
      [
        operand(emit, 0),
        emit.integers([start]),
        emit.integers([end === dynamic ? Number.MAX_SAFE_INTEGER : end]),
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
  dynamicSlice: (_, emit) =>
    emit.node(
      'Slice',
      [operand(emit, 0), operand(emit, 1), emit.integers([Number.MAX_SAFE_INTEGER]), emit.integers([0])],
      emit.results,
    ),
  dynamicSliceRange: (_, emit) => emit.node('Slice', [...emit.operands, emit.integers([0])], emit.results),
  dynamicPad: padRows,
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
  matmul: lowerMatmul,
  rmsNorm: (op, { node, operands, results }) =>
    node('SimplifiedLayerNormalization', operands, results, {
      axis: int(-1),
      epsilon: float(op.parameters.epsilon),
      stash_type: int(1),
    }),
  rope: (op, { node, operands, results }) =>
    node('RotaryEmbedding', operands, results, { num_heads: int(op.parameters.heads), interleaved: int(0) }),
  swiglu: (_, emit) => {
    emit.node('QuickGelu', [operand(emit, 0)], [result(emit, 1)], { alpha: float(1) });
    emit.node('Mul', [result(emit, 1), operand(emit, 1)], [result(emit)]);
  },
  attention: lowerAttention,
  ...varlenLowerings,
  tokenLogProbability: gatherTargets,
  chunkedLogProbability: (_, { node, operands, results }) => node('Identity', operands.slice(0, 1), results),
  loraLinear: (op, emit) => lowerGemm(op, { ...emit, operands: emit.operands.slice(0, 2) }),
  dropoutMask: lowerDropoutMask,
  optimizationBarrier: lowerBarrier,
  loop: (op, { node, operands, results, body }) =>
    node('Loop', operands, results, { body: { kind: 'graph', value: body(op.parameters.body) } }),
};

/** Whether no size is dynamic. */
export function isStatic(shape: Shape): boolean {
  return shape.every((size) => size >= 0);
}
