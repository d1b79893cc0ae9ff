/**
 * Attention over a stream: the tokens of all rows of a batch one after another, without padding, in parts whose
 * lengths are known only when the graph runs. Part by part, scores stay small enough for the processor's cache.
 */
import type { Emitter, Lowering } from './emitter';
import type { AttributeValue } from './onnx-proto';
import type { Op, PrimitiveName, Value } from './primitives';
import { askingParts, inputAt, nameSizes } from './shapes';

/** Sizes of a shape; those that are known only when the graph runs have names. */
type Sizes = readonly (number | string)[];

type Attributes = Readonly<Record<string, AttributeValue>>;

const int = (value: number): AttributeValue => ({ kind: 'int', value });
const swapHeads = { perm: { kind: 'ints', value: [1, 0, 2] } } as const;

/** Names of a part's sizes: its own tokens, those once for each query head that shares a key, and the keys that it sees. */
const ownSize = (part: number): string => `own${String(part)}`;
const askedSize = (part: number, repeats: number): string =>
  repeats === 1 ? ownSize(part) : `asked${String(part)}`;
const seenSize = (part: number, context: readonly number[]): string =>
  context.length === 0 ? ownSize(part) : `seen${String(part)}`;

/** Short forms of the nodes that stream lowerings are made of. */
class StreamWriter {
  private readonly picked = new Map<string, string>();

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

  /** The same with a result whose shape is told, so that it can take over an operand's buffer. */
  shaped(shape: Sizes, opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.node(opType, inputs, attributes);
    this.emit.declare(name, shape);
    return name;
  }

  /** At most one size with a name: it follows from the others. */
  reshape(x: string, shape: Sizes): string {
    const target = shape.map((size) => (typeof size === 'string' ? -1 : size));
    return this.shaped(shape, 'Reshape', [x, this.emit.integers(target)]);
  }

  /** [M, heads · width] → [heads, M, width] */
  headsFirst(x: string, [size, heads, width]: readonly [string, number, number]): string {
    return this.shaped([heads, size, width], 'Transpose', [this.reshape(x, [size, heads, width])], swapHeads);
  }

  /** Parts [heads, own, width] → [M, heads · width] */
  headsLast(
    result: string,
    parts: readonly string[],
    [size, heads, width]: readonly [string, number, number],
  ): void {
    const joined = this.shaped([heads, size, width], 'Concat', parts, { axis: int(1) });
    const turned = this.shaped([size, heads, width], 'Transpose', [joined], swapHeads);
    this.into(result, 'Reshape', [turned, this.emit.integers([-1, heads * width])]);
  }

  /** Lengths of some parts. */
  pick(parts: readonly number[]): string {
    const key = parts.join();
    const name = this.picked.get(key) ?? this.node('Gather', [this.lengths, this.emit.integers(parts)]);
    this.picked.set(key, name);
    return name;
  }

  /** A part's [H, own, hd] as [KV, R · own, hd] or back; the same where no heads share keys. */
  regroup(x: string, from: Sizes, to: Sizes): string {
    return from.join() === to.join() ? x : this.reshape(x, to);
  }

  /** Cuts [heads, …, width] along its second axis into the given parts. */
  cut(x: string, parts: readonly number[], [heads, width]: readonly [number, number]): readonly string[] {
    if (parts.length === 1) return [x];
    const names = parts.map(() => this.emit.fresh());
    this.emit.node('Split', [x, this.pick(parts)], names, { axis: int(1) });
    for (const [index, part] of parts.entries())
      this.emit.declare(names[index] ?? '', [heads, ownSize(part), width]);
    return names;
  }

  /** The sum of pieces [heads, own, width] that a part has a share in. */
  sum(pieces: readonly string[], shape: Sizes): string {
    return pieces.reduce((total, piece) => this.shaped(shape, 'Add', [total, piece]));
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

/** The upper triangle behind a part's context, once for each query head that shares the keys. */
function writeMasks({ parameters }: Op<'streamMasks'>, emit: Emitter): void {
  const { contexts, repeats, masked } = parameters;
  const write = new StreamWriter(emit, emit.operands[0] ?? '');
  for (const [index, part] of askingParts(parameters).entries()) {
    const context = contexts[part] ?? [];
    const own = write.pick([part]);
    const before =
      context.length === 0
        ? emit.integers([0])
        : write.node('ReduceSum', [write.pick(context)], { keepdims: int(1) });
    const shape = write.node('Concat', [own, write.node('Add', [own, before])], { axis: int(0) });
    const full = write.node('Expand', [emit.floats([masked], [1, 1]), shape]);
    const diagonal = write.node('Squeeze', [write.node('Add', [before, emit.integers([1])])]);
    const result = emit.results[index] ?? '';
    const upper = { upper: int(1) };
    if (repeats === 1) write.into(result, 'Trilu', [full, diagonal], upper);
    else
      write.into(result, 'Tile', [write.node('Trilu', [full, diagonal], upper), emit.integers([repeats, 1])]);
    emit.declare(result, [askedSize(part, repeats), seenSize(part, context)]);
  }
}

/** Queries, keys and values by part, and the weights of each part's queries: what a gradient needs of a forward pass. */
interface Left {
  readonly own: string;
  readonly seen: string;
  readonly told: string;
  readonly weights: string;
}

const leftByPart = 4;

function readLeft(names: readonly string[], index: number): Left {
  const [own = '', seen = '', told = '', weights = ''] = names.slice(leftByPart * index);
  return { own, seen, told, weights };
}

/** Sizes and parts of an attention whose queries, or gradients of its output, are `asked` [M, H · hd]. */
function measure(
  { contexts, heads, keyValueHeads, ...rest }: Op<'streamAttention'>['parameters'],
  asked: Value,
) {
  const [size = 0, width = 0] = nameSizes(asked.shape);
  const [repeats, headSize] = [heads / keyValueHeads, Number(width) / heads];
  const askedBy = (part: number): string => askedSize(part, repeats);
  const seenBy = (part: number): string => seenSize(part, contexts[part] ?? []);
  return {
    ...rest,
    heads,
    keyValueHeads,
    headSize,
    /** [M, H, hd] and [N, KV, hd] for the ways between tokens first and heads first. */
    asking: [String(size), heads, headSize] as const,
    keyHeads: [keyValueHeads, headSize] as const,
    parts: [...contexts.keys()],
    visible: (part: number): readonly number[] => [...(contexts[part] ?? []), part],
    ownShape: (part: number): Sizes => [heads, ownSize(part), headSize],
    askedShape: (part: number): Sizes => [keyValueHeads, askedBy(part), headSize],
    seenShape: (part: number): Sizes => [keyValueHeads, seenBy(part), headSize],
    scoreShape: (part: number): Sizes => [keyValueHeads, askedBy(part), seenBy(part)],
  };
}

function writeAttention({ inputs, parameters }: Op<'streamAttention'>, emit: Emitter): void {
  const [q = '', k = '', v = '', lengths = '', ...masks] = emit.operands;
  const write = new StreamWriter(emit, lengths);
  const { heads, headSize, keyHeads, scale, parts, visible, ...sizes } = measure(
    parameters,
    inputAt(inputs, 0),
  );
  const [tokens = 0] = nameSizes(inputAt(inputs, 1).shape);
  const asking = askingParts(parameters);
  const queries = write.cut(write.headsFirst(q, sizes.asking), asking, [heads, headSize]);
  const [keys, values] = [k, v].map((x) =>
    write.cut(write.headsFirst(x, [String(tokens), ...keyHeads]), parts, keyHeads),
  );
  const mixed = asking.map((part, index) => {
    const left = readLeft(emit.results.slice(1), index);
    const gather = (result: string, all: readonly string[] = []): void => {
      const seen = visible(part).map((each) => all[each] ?? '');
      write.into(result, 'Concat', seen, { axis: int(1) });
      emit.declare(result, sizes.seenShape(part));
    };
    gather(left.seen, keys);
    gather(left.told, values);
    write.into(left.own, 'Reshape', [queries[index] ?? '', emit.integers([keyHeads[0], -1, headSize])]);
    emit.declare(left.own, sizes.askedShape(part));
    const options = productAttributes({ transB: true, alpha: scale });
    const scores = write.shaped(sizes.scoreShape(part), 'FusedMatMul', [left.own, left.seen], options);
    const masked = write.shaped(sizes.scoreShape(part), 'Add', [scores, masks[index] ?? '']);
    write.into(left.weights, 'Softmax', [masked], { axis: int(-1) });
    emit.declare(left.weights, sizes.scoreShape(part));
    const output = write.shaped(sizes.askedShape(part), 'FusedMatMul', [left.weights, left.told]);
    return write.regroup(output, sizes.askedShape(part), sizes.ownShape(part));
  });
  write.headsLast(emit.results[0] ?? '', mixed, sizes.asking);
}

function writeGradient({ inputs, parameters }: Op<'streamAttentionGradient'>, emit: Emitter): void {
  const [g = '', output = '', lengths = '', ...names] = emit.operands;
  const write = new StreamWriter(emit, lengths);
  const { heads, headSize, keyHeads, scale, parts, visible, ...sizes } = measure(
    parameters,
    inputAt(inputs, 0),
  );
  const [tokens] = nameSizes([parameters.size]);
  const asking = askingParts(parameters);
  const gradients = write.cut(write.headsFirst(g, sizes.asking), asking, [heads, headSize]);
  const along = write.reshape(write.node('Mul', [g, output]), sizes.asking);
  const [asked] = sizes.asking;
  const summed = write.shaped([asked, heads, 1], 'ReduceSum', [along, emit.integers([2])], {
    keepdims: int(1),
  });
  const offsets = write.cut(write.shaped([heads, asked, 1], 'Transpose', [summed], swapHeads), asking, [
    heads,
    1,
  ]);
  const [forKeys, forValues]: [string[][], string[][]] = [parts.map(() => []), parts.map(() => [])];
  const hand = (to: string[][], part: number, x: string): void => {
    for (const [at, piece] of write.cut(x, visible(part), keyHeads).entries())
      to[visible(part)[at] ?? 0]?.push(piece);
  };
  const forQueries = asking.map((part, index) => {
    const { own, seen, told, weights } = readLeft(names, index);
    const [askedShape, seenShape, score] = [
      sizes.askedShape(part),
      sizes.seenShape(part),
      sizes.scoreShape(part),
    ];
    const product = (shape: Sizes, operands: readonly string[], options: ProductOptions): string =>
      write.shaped(shape, 'FusedMatMul', operands, productAttributes(options));
    const ownShape = sizes.ownShape(part);
    const du = write.regroup(gradients[index] ?? '', ownShape, askedShape);
    const column = (shape: Sizes): Sizes => [...shape.slice(0, 2), 1];
    const offset = write.regroup(offsets[index] ?? '', column(ownShape), column(askedShape));
    const slope = write.shaped(score, 'Sub', [product(score, [du, told], { transB: true }), offset]);
    const ds = write.shaped(score, 'Mul', [weights, slope]);
    hand(forKeys, part, product(seenShape, [ds, own], { transA: true, alpha: scale }));
    hand(forValues, part, product(seenShape, [weights, du], { transA: true }));
    return write.regroup(product(askedShape, [ds, seen], { alpha: scale }), askedShape, ownShape);
  });
  const [dq = '', dk = '', dv = ''] = emit.results;
  write.headsLast(dq, forQueries, sizes.asking);
  const keyShape = (part: number): Sizes => [keyHeads[0], ownSize(part), headSize];
  const total = (pieces: readonly string[][]): readonly string[] =>
    pieces.map((each, part) => write.sum(each, keyShape(part)));
  write.headsLast(dk, total(forKeys), [String(tokens), ...keyHeads]);
  write.headsLast(dv, total(forValues), [String(tokens), ...keyHeads]);
}

type StreamPrimitive = Extract<PrimitiveName, 'streamMasks' | 'streamAttention' | 'streamAttentionGradient'>;

export const streamLowerings: { readonly [N in StreamPrimitive]: Lowering<N> } = {
  streamMasks: writeMasks,
  streamAttention: writeAttention,
  streamAttentionGradient: writeGradient,
};
