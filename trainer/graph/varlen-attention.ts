/**
 * Attention over packed segments of variable length, without padding, as in FlashAttention's varlen kernels. Segment
 * lengths are dynamic. Segments are processed one by one, so that scores fit the CPU cache.
 */
import type { Emitter, Lowering } from './emitter';
import type { AttributeValue } from './onnx-proto';
import type { Op, PrimitiveName, Value } from './primitives';
import { inputAt, nameSizes, querySegments } from './shapes';

/** Sizes of a shape. Dynamic ones have names. */
type Sizes = readonly (number | string)[];

type Attributes = Readonly<Record<string, AttributeValue>>;

const int = (value: number): AttributeValue => ({ kind: 'int', value });
const swapHeads = { perm: { kind: 'ints', value: [1, 0, 2] } } as const;

/** Names of a segment's dynamic sizes: its tokens, its queries (R for each token, by key head), and its visible keys. */
const tokenSize = (segment: number): string => `tokens${String(segment)}`;
const querySize = (segment: number, repeats: number): string =>
  repeats === 1 ? tokenSize(segment) : `queries${String(segment)}`;
const keySize = (segment: number, context: readonly number[]): string =>
  context.length === 0 ? tokenSize(segment) : `keys${String(segment)}`;

/** Helpers that emit the nodes of these lowerings. */
class VarlenWriter {
  private readonly selectedLengths = new Map<string, string>();

  constructor(
    private readonly emit: Emitter,
    private readonly lengths: string,
  ) {}

  into(result: string, opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    this.emit.node(opType, inputs, [result], attributes);
    return result;
  }

  node(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.into(this.emit.fresh(), opType, inputs, attributes);
  }

  /** A node whose result has a declared shape, so that the runtime can reuse an operand's buffer for it. */
  shaped(shape: Sizes, opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.node(opType, inputs, attributes);
    this.emit.declare(name, shape);
    return name;
  }

  /** At most one size may be dynamic: it is inferred from the others. */
  reshape(x: string, shape: Sizes): string {
    const target = shape.map((size) => (typeof size === 'string' ? -1 : size));
    return this.shaped(shape, 'Reshape', [x, this.emit.integers(target)]);
  }

  /** [M, heads · width] → [heads, M, width] */
  headsFirst(x: string, [size, heads, width]: readonly [string, number, number]): string {
    return this.shaped([heads, size, width], 'Transpose', [this.reshape(x, [size, heads, width])], swapHeads);
  }

  /** One [heads, tokens, width] for each segment → [M, heads · width] */
  headsLast(
    result: string,
    segments: readonly string[],
    [size, heads, width]: readonly [string, number, number],
  ): void {
    const joined = this.shaped([heads, size, width], 'Concat', segments, { axis: int(1) });
    const transposed = this.shaped([size, heads, width], 'Transpose', [joined], swapHeads);
    this.into(result, 'Reshape', [transposed, this.emit.integers([-1, heads * width])]);
  }

  /** The lengths of some segments. */
  lengthsOf(segments: readonly number[]): string {
    const key = segments.join();
    const name =
      this.selectedLengths.get(key) ?? this.node('Gather', [this.lengths, this.emit.integers(segments)]);
    this.selectedLengths.set(key, name);
    return name;
  }

  /** A segment's [H, tokens, hd] as [KV, R · tokens, hd] or back; a no-op where no heads share keys. */
  regroup(x: string, from: Sizes, to: Sizes): string {
    return from.join() === to.join() ? x : this.reshape(x, to);
  }

  /** Splits [heads, …, width] along its second axis into the given segments. */
  split(
    x: string,
    segments: readonly number[],
    [heads, width]: readonly [number, number],
  ): readonly string[] {
    if (segments.length === 1) return [x];
    const names = segments.map(() => this.emit.fresh());
    this.emit.node('Split', [x, this.lengthsOf(segments)], names, { axis: int(1) });
    for (const [index, segment] of segments.entries())
      this.emit.declare(names[index] ?? '', [heads, tokenSize(segment), width]);
    return names;
  }

  /** The sum of a segment's terms [heads, tokens, width]. */
  sum(terms: readonly string[], shape: Sizes): string {
    return terms.reduce((total, term) => this.shaped(shape, 'Add', [total, term]));
  }
}

interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

function productAttributes({ transA = false, transB = false, alpha = 1 }: ProductOptions): Attributes {
  return { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: { kind: 'float', value: alpha } };
}

/** The causal mask after a segment's context, repeated for each query head that shares the keys. */
function writeMasks({ parameters }: Op<'varlenMasks'>, emit: Emitter): void {
  const { contexts, repeats, masked } = parameters;
  const write = new VarlenWriter(emit, emit.operands[0] ?? '');
  for (const [index, segment] of querySegments(parameters).entries()) {
    const context = contexts[segment] ?? [];
    const tokens = write.lengthsOf([segment]);
    const before =
      context.length === 0
        ? emit.integers([0])
        : write.node('ReduceSum', [write.lengthsOf(context)], { keepdims: int(1) });
    const shape = write.node('Concat', [tokens, write.node('Add', [tokens, before])], { axis: int(0) });
    const full = write.node('Expand', [emit.floats([masked], [1, 1]), shape]);
    const diagonal = write.node('Squeeze', [write.node('Add', [before, emit.integers([1])])]);
    const result = emit.results[index] ?? '';
    const upper = { upper: int(1) };
    if (repeats === 1) write.into(result, 'Trilu', [full, diagonal], upper);
    else
      write.into(result, 'Tile', [write.node('Trilu', [full, diagonal], upper), emit.integers([repeats, 1])]);
    emit.declare(result, [querySize(segment, repeats), keySize(segment, context)]);
  }
}

/** The values of a query segment that the backward pass needs. */
interface SavedValues {
  readonly queries: string;
  readonly keys: string;
  readonly values: string;
  readonly probabilities: string;
}

const savedPerSegment = 4;

function readSaved(names: readonly string[], index: number): SavedValues {
  const [queries = '', keys = '', values = '', probabilities = ''] = names.slice(savedPerSegment * index);
  return { queries, keys, values, probabilities };
}

/** Sizes and segments of an attention; `x` is its queries or the gradient of its output [M, H · hd]. */
function measure({ contexts, heads, keyValueHeads, ...rest }: Op<'varlenAttention'>['parameters'], x: Value) {
  const [size = 0, width = 0] = nameSizes(x.shape);
  const [repeats, headSize] = [heads / keyValueHeads, Number(width) / heads];
  const queriesOf = (segment: number): string => querySize(segment, repeats);
  const keysOf = (segment: number): string => keySize(segment, contexts[segment] ?? []);
  return {
    ...rest,
    heads,
    keyValueHeads,
    headSize,
    /** [M, H, hd] and [KV, hd]: the sizes that change between tokens first and heads first. */
    queryHeads: [String(size), heads, headSize] as const,
    keyHeads: [keyValueHeads, headSize] as const,
    segments: [...contexts.keys()],
    visible: (segment: number): readonly number[] => [...(contexts[segment] ?? []), segment],
    tokenShape: (segment: number): Sizes => [heads, tokenSize(segment), headSize],
    queryShape: (segment: number): Sizes => [keyValueHeads, queriesOf(segment), headSize],
    keyShape: (segment: number): Sizes => [keyValueHeads, keysOf(segment), headSize],
    scoreShape: (segment: number): Sizes => [keyValueHeads, queriesOf(segment), keysOf(segment)],
  };
}

function writeAttention({ inputs, parameters }: Op<'varlenAttention'>, emit: Emitter): void {
  const [q = '', k = '', v = '', lengths = '', ...masks] = emit.operands;
  const write = new VarlenWriter(emit, lengths);
  const { heads, headSize, keyHeads, scale, segments, visible, ...sizes } = measure(
    parameters,
    inputAt(inputs, 0),
  );
  const [tokens = 0] = nameSizes(inputAt(inputs, 1).shape);
  const withQueries = querySegments(parameters);
  const queries = write.split(write.headsFirst(q, sizes.queryHeads), withQueries, [heads, headSize]);
  const [keys, values] = [k, v].map((x) =>
    write.split(write.headsFirst(x, [String(tokens), ...keyHeads]), segments, keyHeads),
  );
  const outputs = withQueries.map((segment, index) => {
    const saved = readSaved(emit.results.slice(1), index);
    const gather = (result: string, all: readonly string[] = []): void => {
      const parts = visible(segment).map((each) => all[each] ?? '');
      write.into(result, 'Concat', parts, { axis: int(1) });
      emit.declare(result, sizes.keyShape(segment));
    };
    gather(saved.keys, keys);
    gather(saved.values, values);
    write.into(saved.queries, 'Reshape', [queries[index] ?? '', emit.integers([keyHeads[0], -1, headSize])]);
    emit.declare(saved.queries, sizes.queryShape(segment));
    const options = productAttributes({ transB: true, alpha: scale });
    const scoreShape = sizes.scoreShape(segment);
    const scores = write.shaped(scoreShape, 'FusedMatMul', [saved.queries, saved.keys], options);
    const masked = write.shaped(scoreShape, 'Add', [scores, masks[index] ?? '']);
    write.into(saved.probabilities, 'Softmax', [masked], { axis: int(-1) });
    emit.declare(saved.probabilities, scoreShape);
    const operands = [saved.probabilities, saved.values];
    const output = write.shaped(sizes.queryShape(segment), 'FusedMatMul', operands);
    return write.regroup(output, sizes.queryShape(segment), sizes.tokenShape(segment));
  });
  write.headsLast(emit.results[0] ?? '', outputs, sizes.queryHeads);
}

function writeGradient({ inputs, parameters }: Op<'varlenAttentionGradient'>, emit: Emitter): void {
  const [g = '', output = '', lengths = '', ...names] = emit.operands;
  const write = new VarlenWriter(emit, lengths);
  const { heads, headSize, keyHeads, scale, segments, visible, ...sizes } = measure(
    parameters,
    inputAt(inputs, 0),
  );
  const [tokens] = nameSizes([parameters.size]);
  const withQueries = querySegments(parameters);
  const gradients = write.split(write.headsFirst(g, sizes.queryHeads), withQueries, [heads, headSize]);
  const product = write.reshape(write.node('Mul', [g, output]), sizes.queryHeads);
  const [size] = sizes.queryHeads;
  const summed = write.shaped([size, heads, 1], 'ReduceSum', [product, emit.integers([2])], {
    keepdims: int(1),
  });
  const offsets = write.split(write.shaped([heads, size, 1], 'Transpose', [summed], swapHeads), withQueries, [
    heads,
    1,
  ]);
  const [keyTerms, valueTerms]: [string[][], string[][]] = [segments.map(() => []), segments.map(() => [])];
  const distribute = (terms: string[][], segment: number, x: string): void => {
    for (const [at, part] of write.split(x, visible(segment), keyHeads).entries())
      terms[visible(segment)[at] ?? 0]?.push(part);
  };
  const queryGradients = withQueries.map((segment, index) => {
    const { queries, keys, values, probabilities } = readSaved(names, index);
    const [tokenShape, queryShape] = [sizes.tokenShape(segment), sizes.queryShape(segment)];
    const [keyShape, scoreShape] = [sizes.keyShape(segment), sizes.scoreShape(segment)];
    const multiply = (shape: Sizes, operands: readonly string[], options: ProductOptions): string =>
      write.shaped(shape, 'FusedMatMul', operands, productAttributes(options));
    const dO = write.regroup(gradients[index] ?? '', tokenShape, queryShape);
    const column = (shape: Sizes): Sizes => [...shape.slice(0, 2), 1];
    const offset = write.regroup(offsets[index] ?? '', column(tokenShape), column(queryShape));
    const dP = multiply(scoreShape, [dO, values], { transB: true });
    const centred = write.shaped(scoreShape, 'Sub', [dP, offset]);
    const dS = write.shaped(scoreShape, 'Mul', [probabilities, centred]);
    distribute(keyTerms, segment, multiply(keyShape, [dS, queries], { transA: true, alpha: scale }));
    distribute(valueTerms, segment, multiply(keyShape, [probabilities, dO], { transA: true }));
    return write.regroup(multiply(queryShape, [dS, keys], { alpha: scale }), queryShape, tokenShape);
  });
  const [dq = '', dk = '', dv = ''] = emit.results;
  write.headsLast(dq, queryGradients, sizes.queryHeads);
  const total = (terms: readonly string[][]): readonly string[] =>
    terms.map((each, segment) => write.sum(each, [keyHeads[0], tokenSize(segment), headSize]));
  write.headsLast(dk, total(keyTerms), [String(tokens), ...keyHeads]);
  write.headsLast(dv, total(valueTerms), [String(tokens), ...keyHeads]);
}

type VarlenPrimitive = Extract<PrimitiveName, 'varlenMasks' | 'varlenAttention' | 'varlenAttentionGradient'>;

export const varlenLowerings: { readonly [N in VarlenPrimitive]: Lowering<N> } = {
  varlenMasks: writeMasks,
  varlenAttention: writeAttention,
  varlenAttentionGradient: writeGradient,
};
