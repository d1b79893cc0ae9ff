import type { HalfType } from './half';
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx-proto';

/** The precision of an operator, as in PyTorch's autocast lists. */
type Policy =
  /** Always in 16 bits. */
  | 'half'
  /** In 16 bits if all operands are; constants follow the other operands. */
  | 'follow'
  /** In f32: the CUDA provider has no bf16 kernel, or sums and small differences need the precision. */
  | 'full'
  /** The operator has no float operands, or fixed types. */
  | 'none';

/**
 * Products take most of the time and rearrangements follow them. Softmax, logarithms, sums and comparisons, and so the
 * losses and the optimizer, stay in f32.
 */
const policies: Readonly<Record<string, Policy>> = {
  Gemm: 'half',
  FusedMatMul: 'half',
  Add: 'follow',
  Sub: 'follow',
  Mul: 'follow',
  Div: 'follow',
  Neg: 'follow',
  Where: 'follow',
  Reshape: 'follow',
  Transpose: 'follow',
  Expand: 'follow',
  Concat: 'follow',
  Slice: 'follow',
  Split: 'follow',
  Gather: 'follow',
  GatherElements: 'follow',
  Identity: 'follow',
  Unsqueeze: 'follow',
  Squeeze: 'follow',
  Tile: 'follow',
  Trilu: 'full',
  SimplifiedLayerNormalization: 'follow',
  RotaryEmbedding: 'follow',
  QuickGelu: 'follow',
  Sigmoid: 'follow',
  Min: 'full',
  Exp: 'full',
  Log: 'full',
  Sqrt: 'full',
  Softplus: 'full',
  Softmax: 'full',
  LogSoftmax: 'full',
  ReduceSum: 'full',
  ReduceMax: 'full',
  CumSum: 'full',
  ArgMax: 'full',
  TopK: 'full',
  Equal: 'full',
  LessOrEqual: 'full',
  OneHot: 'full',
  ScatterElements: 'full',
  Cast: 'none',
  Shape: 'none',
  And: 'none',
  Not: 'none',
  BitShift: 'none',
  BitwiseXor: 'none',
};

/** Outputs that are not floats, and outputs that are always f32. */
const nonFloat: Readonly<Record<string, readonly number[]>> = {
  Equal: [0],
  LessOrEqual: [0],
  ArgMax: [0],
  TopK: [1],
  Shape: [0],
  And: [0],
  Not: [0],
  BitShift: [0],
  BitwiseXor: [0],
};
const alwaysFull: Readonly<Record<string, readonly number[]>> = { SimplifiedLayerNormalization: [1, 2] };

type Kind = 'full' | 'half' | 'constant' | 'other';
type Width = 'full' | 'half';

/** TensorProto.DataType, for Cast. */
const codes = { f32: 1, f16: 10, bf16: 16 } as const;

/** A graph under conversion. Each loop body has its own scope. */
interface Scope {
  readonly nodes: NodeProto[];
  readonly outputs: ReadonlySet<string>;
  /** The name of a value in another width, by "width name". */
  readonly versions: Map<string, string>;
  /** Appended to new names: a name in a loop body must not occur outside. */
  readonly suffix: string;
}

const openScope = ({ outputs }: GraphProto, versions: Scope['versions'], suffix = ''): Scope => ({
  nodes: [],
  suffix,
  outputs: new Set(outputs.map(({ name }) => name)),
  versions: new Map(versions),
});

class MixedPrecisionPass {
  private readonly kinds = new Map<string, Kind>();
  private readonly constants: ReadonlyMap<string, TensorProto>;
  private readonly kept = new Map<string, TensorProto>();
  private scope: Scope;

  constructor(
    private readonly graph: GraphProto,
    private readonly half: HalfType,
  ) {
    this.constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
    this.scope = openScope(graph, new Map());
    for (const { name, dtype } of graph.initializers)
      this.kinds.set(name, dtype === 'f32' ? 'constant' : 'other');
  }

  run(): GraphProto {
    return { ...this.lowerGraph(this.graph), initializers: [...this.kept.values()] };
  }

  /** Converts the nodes of the current scope. */
  private lowerGraph(graph: GraphProto): GraphProto {
    for (const info of graph.inputs) this.keepFull(info);
    for (const node of graph.nodes) this.lower(node);
    const valueInfo = graph.valueInfo.map((info) =>
      this.kinds.get(info.name) === 'half' ? { ...info, dtype: this.half } : info,
    );
    return { ...graph, nodes: this.scope.nodes, valueInfo };
  }

  private keepFull({ name, dtype }: ValueInfoProto): void {
    this.kinds.set(name, dtype === 'f32' ? 'full' : 'other');
  }

  /** Inputs and outputs of a loop body are f32, like those of the graph. */
  private lowerLoop(node: NodeProto, body: GraphProto): void {
    const inputs = node.inputs.map((name) => this.as(name, 'full'));
    const outer = this.scope;
    this.scope = openScope(body, outer.versions, `_within_${node.outputs.join('_')}`);
    const lowered = this.lowerGraph(body);
    this.scope = outer;
    const results = body.outputs.slice(1);
    for (const [index, name] of node.outputs.entries()) this.keepFull({ ...results[index]!, name });
    outer.nodes.push({ ...node, inputs, attributes: { body: { kind: 'graph', value: lowered } } });
  }

  private widthOf(node: NodeProto): Width {
    const policy = policies[node.opType];
    if (policy === undefined) throw new RangeError(`${node.opType} has no 16-bit policy`);
    if (policy !== 'follow') return policy === 'half' ? 'half' : 'full';
    const kinds = node.inputs.map((name) => this.kinds.get(name));
    return kinds.includes('half') && !kinds.includes('full') ? 'half' : 'full';
  }

  private lower(node: NodeProto): void {
    const body = node.attributes['body'];
    if (body?.kind === 'graph') this.lowerLoop(node, body.value);
    else this.lowerOperator(node);
  }

  private lowerOperator(node: NodeProto): void {
    const width = this.widthOf(node);
    const inputs = node.inputs.map((name) => this.as(name, width));
    const outputs = node.outputs.map((_, index) => this.name(node, index, width));
    this.scope.nodes.push({ ...node, inputs, outputs });
    for (const [index, name] of node.outputs.entries())
      if (outputs[index] !== name) this.cast(outputs[index] ?? '', name, 'full');
  }

  /** The name of an output; sets its kind. Outputs of the graph stay f32. */
  private name(node: NodeProto, index: number, width: Width): string {
    const name = node.outputs[index] ?? '';
    if (nonFloat[node.opType]?.includes(index) === true) this.kinds.set(name, 'other');
    else if (node.opType === 'Cast') this.kinds.set(name, castsToFloat(node) ? 'full' : 'other');
    else if (this.expandsConstant(node)) this.kinds.set(name, 'constant');
    else if (width === 'full' || alwaysFull[node.opType]?.includes(index) === true)
      this.kinds.set(name, this.isFloat(node) ? 'full' : 'other');
    else if (this.scope.outputs.has(name)) {
      this.kinds.set(name, 'full');
      this.scope.versions.set(`half ${name}`, `${name}_half`);
      return `${name}_half`;
    } else this.kinds.set(name, 'half');
    return name;
  }

  /** Whether a node that follows its operands has a float result: indices are rearranged too. */
  private isFloat({ opType, inputs }: NodeProto): boolean {
    const first = this.kinds.get(inputs[opType === 'Where' ? 1 : 0] ?? '');
    return opType === 'OneHot' || first !== 'other';
  }

  /** Whether a node expands a constant. Its result then follows the other operands too. */
  private expandsConstant({ opType, inputs }: NodeProto): boolean {
    return opType === 'Expand' && this.kinds.get(inputs[0] ?? '') === 'constant';
  }

  /** The name of a value in the given width. */
  private as(name: string, width: Width): string {
    const kind = this.kinds.get(name);
    const constant = this.constants.get(name);
    if (constant !== undefined) return this.keep(constant, kind === 'constant' ? width : 'full');
    if (kind === undefined || kind === 'other' || kind === width) return name;
    if (kind === 'constant' && width === 'full') return name;
    const existing = this.scope.versions.get(`${width} ${name}`);
    if (existing !== undefined) return existing;
    const version = `${name}_${width}${this.scope.suffix}`;
    this.scope.versions.set(`${width} ${name}`, version);
    this.cast(name, version, width);
    return version;
  }

  private keep(tensor: TensorProto, width: Width): string {
    const name = width === 'full' ? tensor.name : `${tensor.name}_half`;
    if (!this.kept.has(name))
      this.kept.set(name, width === 'full' ? tensor : { ...tensor, name, dtype: this.half });
    return name;
  }

  private cast(from: string, to: string, width: Width): void {
    const code = codes[width === 'full' ? 'f32' : this.half];
    const attributes = { to: { kind: 'int', value: code } } as const;
    this.scope.nodes.push({ opType: 'Cast', domain: '', inputs: [from], outputs: [to], attributes });
  }
}

function castsToFloat({ attributes }: NodeProto): boolean {
  const to = attributes['to'];
  return to?.kind === 'int' && to.value === codes.f32;
}

/** Converts an f32 graph to 16-bit products. Inputs and outputs stay f32, also those of loops. */
export function toMixedPrecision(graph: GraphProto, half: HalfType): GraphProto {
  return new MixedPrecisionPass(graph, half).run();
}
