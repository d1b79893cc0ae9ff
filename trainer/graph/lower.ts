import type { HalfType } from './half';
import { planFusions, type FusedAddition, type Fusions } from './fuse';
import type { Emitter } from './emitter';
import { contribDomain, domainOf, isStatic, lowerGemm, lowerings } from './lowerings';
import {
  encodeModel,
  type ExternalData,
  type GraphProto,
  type NodeProto,
  type TensorContent,
  type TensorProto,
  type ValueInfoProto,
  encodedLength,
} from './onnx-proto';
import { toMixedPrecision } from './mixed-precision';
import { scheduleOps, type Schedule } from './order';
import {
  dynamic,
  type AnyOp,
  type LoopBody,
  type Op,
  type PrimitiveName,
  type Shape,
  type Value,
} from './primitives';
import { scanGraph, type Carry } from './scan';
import { nameSizes } from './shapes';

/** A model ready for a session. */
export interface LoweredModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** Number of ONNX nodes, including those of loop bodies. */
  readonly nodes: number;
  /** Number of nodes of each ONNX operator. */
  readonly operators: ReadonlyMap<string, number>;
}

export interface LowerOptions {
  /** f16 and bf16 apply to products and rearrangements; inputs, outputs, losses and sums stay f32. */
  readonly precision?: Precision;
  /** Makes the graph the body of a scan with this carry. */
  readonly carry?: Carry;
  /** Stores a large constant outside of the model. Default: all constants are inside. */
  readonly storeExternally?: (content: TensorContent) => ExternalData;
}

/** Smaller constants stay in the model. */
const minExternalBytes = 1 << 16;

function externalizeConstants(graph: GraphProto, { storeExternally }: LowerOptions): GraphProto {
  if (storeExternally === undefined) return graph;
  const initializers = graph.initializers.map((tensor) =>
    encodedLength(tensor) < minExternalBytes ? tensor : { ...tensor, externalData: storeExternally(tensor) },
  );
  return { ...graph, initializers };
}

export type Precision = 'f32' | HalfType;

/** Opset versions by domain. */
const opsets = { '': 20, [contribDomain]: 1 };

/** Constants of at most this number of elements are compared by value, so that equal ones are stored once. */
const maxComparedElements = 8;

/** A graph under construction. Each loop body has its own scope. */
interface Scope {
  readonly nodes: NodeProto[];
  readonly valueInfo: ValueInfoProto[];
  readonly outputs: ReadonlyMap<Value, string>;
}

const createScope = (outputs: readonly (readonly [string, Value])[]): Scope => ({
  nodes: [],
  valueInfo: [],
  outputs: new Map(outputs.map(([name, value]) => [value, name])),
});

class Lowering {
  private readonly names = new Map<Value, string>();
  private readonly sharedConstants = new Map<string, string>();
  private readonly sharedOps = new Map<string, readonly string[]>();
  private readonly initializers: TensorProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly schedule: Schedule;
  private readonly fusions: Fusions;
  private count = 0;
  readonly operators = new Map<string, number>();

  constructor(private readonly outputs: Readonly<Record<string, Value>>) {
    const values = Object.values(outputs);
    this.schedule = scheduleOps(values);
    this.fusions = planFusions(this.schedule, values);
  }

  lowerGraph(): GraphProto {
    const entries = Object.entries(this.outputs);
    const scope = createScope(entries);
    for (const op of this.schedule.root) this.lowerOp(op, scope);
    const outputs = entries.map(([name, value]) => this.lowerOutput(scope, name, value));
    return {
      name: 'graph',
      nodes: scope.nodes,
      initializers: this.initializers,
      inputs: this.inputs,
      outputs,
      valueInfo: scope.valueInfo,
    };
  }

  /** An output that has another name already, such as an input, is copied. */
  private lowerOutput(scope: Scope, name: string, value: Value): ValueInfoProto {
    if (this.nameOf(value) !== name) this.emit(scope, 'Identity', [this.nameOf(value)], [name]);
    return { name, dtype: value.dtype, shape: isStatic(value.shape) ? value.shape : null };
  }

  private nameOf(value: Value): string {
    const name = this.names.get(value);
    if (name === undefined)
      throw new Error(`an output of ${value.op.primitive} is used before it is computed`);
    return name;
  }

  private namesOf(values: readonly Value[]): readonly string[] {
    return values.map((value) => this.nameOf(value));
  }

  private fresh(): string {
    this.count += 1;
    return `v${String(this.count)}`;
  }

  private emit(
    scope: Scope,
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: NodeProto['attributes'] = {},
  ): void {
    this.operators.set(opType, (this.operators.get(opType) ?? 0) + 1);
    scope.nodes.push({ opType, domain: domainOf(opType), inputs, outputs, attributes });
  }

  private constant(key: string, tensor: Omit<TensorProto, 'name'>): string {
    const shared = this.sharedConstants.get(key);
    if (shared !== undefined) return shared;
    const name = this.fresh();
    this.initializers.push({ ...tensor, name });
    this.sharedConstants.set(key, name);
    return name;
  }

  private smallConstant(tensor: Omit<TensorProto, 'name'>): string {
    return this.constant(`${tensor.dtype} ${tensor.shape.join()} ${tensor.data.join()}`, tensor);
  }

  private integers(values: readonly number[], shape: Shape = [values.length]): string {
    return this.smallConstant({ dtype: 'i64', shape, data: BigInt64Array.from(values, BigInt) });
  }

  private floats(values: readonly number[], shape: Shape): string {
    return this.smallConstant({ dtype: 'f32', shape, data: Float32Array.from(values) });
  }

  private lowerOp(op: AnyOp, scope: Scope): void {
    const addition = this.fusions.additions.get(op);
    if (op.primitive === 'input') this.lowerInput(op);
    else if (op.primitive === 'constant') this.lowerConstant(op);
    else if (addition !== undefined) this.lowerAddition(op, addition, scope);
    else if (op.primitive !== 'bodyInput' && !this.fusions.absorbed.has(op)) this.lowerComputation(op, scope);
  }

  private lowerInput(op: Op<'input'>): void {
    const { name, dtype, shape } = op.parameters;
    for (const output of op.outputs) this.names.set(output, name);
    const existing = this.inputs.find((info) => info.name === name);
    if (existing === undefined) this.inputs.push({ name, dtype, shape: nameSizes(shape) });
    else if (existing.dtype !== dtype || existing.shape?.join() !== nameSizes(shape).join())
      throw new RangeError(`input ${name} has two types`);
  }

  private lowerConstant(op: Op<'constant'>): void {
    const { dtype, shape, data } = op.parameters;
    const tensor = { dtype, shape, data };
    const name =
      data.length <= maxComparedElements ? this.smallConstant(tensor) : this.constant(this.fresh(), tensor);
    for (const output of op.outputs) this.names.set(output, name);
  }

  /** Names an op's results. Returns false if an equal op on the same operands has computed them already. */
  private nameResults(op: AnyOp, key: string, scope: Scope): boolean {
    const shared = this.sharedOps.get(key);
    const results = shared ?? op.outputs.map((output) => scope.outputs.get(output) ?? this.fresh());
    for (const [index, output] of op.outputs.entries()) this.names.set(output, results[index] ?? '');
    this.sharedOps.set(key, results);
    if (shared === undefined) this.declareResults(op, scope);
    return shared === undefined;
  }

  /** Declares dynamic shapes: ONNX Runtime cannot infer them, and it shares buffers only between known shapes. */
  private declareResults(op: AnyOp, { valueInfo }: Scope): void {
    for (const value of op.outputs)
      if (!isStatic(value.shape) && !value.shape.includes(dynamic))
        valueInfo.push({ name: this.nameOf(value), dtype: value.dtype, shape: nameSizes(value.shape) });
  }

  private lowerAddition(op: AnyOp, { product, addend }: FusedAddition, scope: Scope): void {
    const [a, b] = product.inputs.map((value) => this.nameOf(value));
    const operands = [a ?? '', b ?? '', this.nameOf(addend)];
    if (!this.nameResults(op, this.fresh(), scope)) return;
    lowerGemm(product, this.emitter(scope, operands, this.namesOf(op.outputs)));
  }

  private lowerComputation<N extends PrimitiveName>(op: Op<N>, scope: Scope): void {
    const operands = this.namesOf(op.inputs);
    const loop = op.primitive === 'loop';
    const key = loop ? this.fresh() : `${op.primitive} ${operands.join()} ${JSON.stringify(op.parameters)}`;
    if (!this.nameResults(op as unknown as AnyOp, key, scope)) return;
    lowerings[op.primitive](op, this.emitter(scope, operands, this.namesOf(op.outputs)));
  }

  private emitter(scope: Scope, operands: readonly string[], results: readonly string[]): Emitter {
    return {
      operands,
      results,
      fresh: () => this.fresh(),
      integers: (values, shape) => this.integers(values, shape),
      floats: (values, shape) => this.floats(values, shape),
      node: (opType, inputs, outputs, attributes) => this.emit(scope, opType, inputs, outputs, attributes),
      declare: (name, shape) => void scope.valueInfo.push({ name, dtype: 'f32', shape }),
      body: (body) => this.lowerBody(body),
    };
  }

  private lowerBody(body: LoopBody): GraphProto {
    const named = body.outputs.map((value) => [this.fresh(), value] as const);
    const scope = createScope(named);
    for (const value of body.inputs) this.names.set(value, this.fresh());
    for (const op of this.schedule.bodies.get(body) ?? []) this.lowerOp(op, scope);
    const inputs = body.inputs.map((value) => this.bodyInput(value));
    const outputs = named.map(([name, value]) => ({ ...this.lowerOutput(scope, name, value), shape: null }));
    const { nodes, valueInfo } = scope;
    return { name: 'body', nodes, valueInfo, initializers: [], inputs, outputs };
  }

  private bodyInput(value: Value): ValueInfoProto {
    return { name: this.nameOf(value), dtype: value.dtype, shape: value.shape.length === 0 ? [] : null };
  }
}

/**
 * Lowers the graph that computes `outputs` to an ONNX model, without unused ops. Equal ops are computed once, and
 * additions to a product become part of it.
 */
export function lower(outputs: Readonly<Record<string, Value>>, options: LowerOptions = {}): LoweredModel {
  const { precision = 'f32', carry } = options;
  const lowering = new Lowering(outputs);
  const full = lowering.lowerGraph();
  const narrowed = precision === 'f32' ? full : toMixedPrecision(full, precision);
  const scanned = carry === undefined ? narrowed : scanGraph(narrowed, carry);
  const graph = externalizeConstants(scanned, options);
  const { operators } = lowering;
  const nodes = [...operators.values()].reduce((total, count) => total + count, 0);
  return {
    bytes: encodeModel(graph, opsets),
    inputs: graph.inputs,
    outputs: graph.outputs,
    nodes,
    operators,
  };
}
