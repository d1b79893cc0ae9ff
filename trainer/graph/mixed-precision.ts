import type { HalfType } from './half';
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx-proto';

/** How an operator takes sixteen bits. */
type Policy =
  /** Computes in sixteen bits whatever it is given. */
  | 'half'
  /** In sixteen bits where all that it is given is of that kind; constants are whatever the others are. */
  | 'follow'
  /** In f32: no kernel of the CUDA provider takes bfloat16, or sums and small differences need the bits. */
  | 'full'
  /** Knows no floats, or none of ours. */
  | 'none';

/**
 * Products are where the time goes, rearrangements go along with them. Softmax, logarithms, sums, comparisons, and with
 * them losses and the optimiser, stay in f32.
 */
const policies: Readonly<Record<string, Policy>> = {
  ...{ Gemm: 'half', FusedMatMul: 'half' },
  ...{ Add: 'follow', Sub: 'follow', Mul: 'follow', Div: 'follow', Neg: 'follow', Where: 'follow' },
  ...{ Reshape: 'follow', Transpose: 'follow', Expand: 'follow', Concat: 'follow', Slice: 'follow' },
  ...{ Split: 'follow', Gather: 'follow', GatherElements: 'follow', Identity: 'follow' },
  ...{ Unsqueeze: 'follow', Squeeze: 'follow', Tile: 'follow', Trilu: 'full' },
  ...{ SimplifiedLayerNormalization: 'follow', RotaryEmbedding: 'follow', QuickGelu: 'follow' },
  ...{ Sigmoid: 'follow', Min: 'full', Exp: 'full', Log: 'full', Sqrt: 'full', Softplus: 'full' },
  ...{ Softmax: 'full', LogSoftmax: 'full', ReduceSum: 'full', ReduceMax: 'full', CumSum: 'full' },
  ...{ ArgMax: 'full', TopK: 'full', Equal: 'full', LessOrEqual: 'full', OneHot: 'full' },
  ...{ ScatterElements: 'full', Cast: 'none', Shape: 'none', And: 'none', Not: 'none' },
  ...{ BitShift: 'none', BitwiseXor: 'none' },
};

/** Outputs that are no float, and outputs that are f32 in any case. */
const integral: Readonly<Record<string, readonly number[]>> = {
  ...{ Equal: [0], LessOrEqual: [0], ArgMax: [0], TopK: [1], Shape: [0], And: [0], Not: [0] },
  ...{ BitShift: [0], BitwiseXor: [0] },
};
const alwaysFull: Readonly<Record<string, readonly number[]>> = { SimplifiedLayerNormalization: [1, 2] };

type Kind = 'full' | 'half' | 'constant' | 'other';
type Width = 'full' | 'half';

/** TensorProto.DataType, as Cast wants it. */
const codes = { f32: 1, f16: 10, bf16: 16 } as const;

/** One graph while it is narrowed; a loop's body has a scope of its own. */
interface Scope {
  readonly nodes: NodeProto[];
  readonly outputs: ReadonlySet<string>;
  /** What a value is called in another width. */
  readonly versions: Map<string, string>;
  /** Behind the names that are made in it: what a body calls its own, nothing outside may be called. */
  readonly suffix: string;
}

const openScope = ({ outputs }: GraphProto, versions: Scope['versions'], suffix = ''): Scope => ({
  nodes: [],
  suffix,
  outputs: new Set(outputs.map(({ name }) => name)),
  versions: new Map(versions),
});

class Narrowing {
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

  /** Nodes of the scope at hand; those of a body may be told of what stands outside. */
  private lowerGraph(graph: GraphProto): GraphProto {
    for (const info of graph.inputs) this.keepFull(info);
    for (const node of graph.nodes) this.lower(node);
    const known = graph.known.map((info) =>
      this.kinds.get(info.name) === 'half' ? { ...info, dtype: this.half } : info,
    );
    return { ...graph, nodes: this.scope.nodes, known };
  }

  private keepFull({ name, dtype }: ValueInfoProto): void {
    this.kinds.set(name, dtype === 'f32' ? 'full' : 'other');
  }

  /** The edges of a body are f32, as those of the graph; what is narrowed inside is not known outside. */
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
    if (policy === undefined) throw new RangeError(`${node.opType} is not known in sixteen bits`);
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
    const outputs = node.outputs.map((name, index) => this.name(node, index, width));
    this.scope.nodes.push({ ...node, inputs, outputs });
    for (const [index, name] of node.outputs.entries())
      if (outputs[index] !== name) this.cast(outputs[index] ?? '', name, 'full');
  }

  /** What an output is called and of which kind it is; one of the graph itself leaves it as f32. */
  private name(node: NodeProto, index: number, width: Width): string {
    const name = node.outputs[index] ?? '';
    if (integral[node.opType]?.includes(index) === true) this.kinds.set(name, 'other');
    else if (node.opType === 'Cast') this.kinds.set(name, castsToFloat(node) ? 'full' : 'other');
    else if (this.repeatsConstant(node)) this.kinds.set(name, 'constant');
    else if (width === 'full' || alwaysFull[node.opType]?.includes(index) === true)
      this.kinds.set(name, this.floats(node) ? 'full' : 'other');
    else if (this.scope.outputs.has(name)) {
      this.kinds.set(name, 'full');
      this.scope.versions.set(`half ${name}`, `${name}_half`);
      return `${name}_half`;
    } else this.kinds.set(name, 'half');
    return name;
  }

  /** Whether what goes along with its operands goes along with a float: indices are rearranged too. */
  private floats({ opType, inputs }: NodeProto): boolean {
    const first = this.kinds.get(inputs[opType === 'Where' ? 1 : 0] ?? '');
    return opType === 'OneHot' || first !== 'other';
  }

  /** Whether a node repeats a constant: like that, what it gives is whatever the others are. */
  private repeatsConstant({ opType, inputs }: NodeProto): boolean {
    return opType === 'Expand' && this.kinds.get(inputs[0] ?? '') === 'constant';
  }

  /** The name under which a value is there in the given width. */
  private as(name: string, width: Width): string {
    const kind = this.kinds.get(name);
    const constant = this.constants.get(name);
    if (constant !== undefined) return this.keep(constant, kind === 'constant' ? width : 'full');
    if (kind === undefined || kind === 'other' || kind === width) return name;
    if (kind === 'constant' && width === 'full') return name;
    const known = this.scope.versions.get(`${width} ${name}`);
    if (known !== undefined) return known;
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

/** A graph of f32 with its products in sixteen bits. Inputs and outputs stay as they are, also those of loops. */
export function toMixedPrecision(graph: GraphProto, half: HalfType): GraphProto {
  return new Narrowing(graph, half).run();
}
