import type { HalfType } from './half';
import { planFusions, type FusedAddition, type Fusions } from './fuse';
import type { Emitter } from './emitter';
import { contributed, domainOf, isStatic, lowerGemm, lowerings } from './lowerings';
import {
  encodeModel,
  type ExternalPlace,
  type GraphProto,
  type NodeProto,
  type TensorContent,
  type TensorProto,
  type ValueInfoProto,
  writtenLength,
} from './onnx-proto';
import { toMixedPrecision } from './mixed-precision';
import { scheduleOps, type Schedule } from './order';
import {
  growing,
  type AnyOp,
  type LoopBody,
  type Op,
  type PrimitiveName,
  type Shape,
  type Value,
} from './primitives';
import { repeatGraph, type Carried } from './repeat';
import { nameSizes } from './shapes';

/** A model ready for a session. */
export interface LoweredModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** Number of ONNX nodes, those of loop bodies included. */
  readonly nodes: number;
  /** How often each ONNX operator occurs. */
  readonly operators: ReadonlyMap<string, number>;
}

export interface LowerOptions {
  /** Sixteen bits: products and what goes along with them are narrowed, edges and everything delicate stay f32. */
  readonly precision?: Precision;
  /** Makes the graph one that runs many times in a call; names what is carried from turn to turn. */
  readonly carried?: Carried;
  /** Puts the bytes of a large constant outside of the model and says where; all stay inside without it. */
  readonly place?: (content: TensorContent) => ExternalPlace;
}

/** Constants of fewer bytes stay in the model. */
const externalBytes = 1 << 16;

function placeConstants(graph: GraphProto, { place }: LowerOptions): GraphProto {
  if (place === undefined) return graph;
  const initializers = graph.initializers.map((tensor) =>
    writtenLength(tensor) < externalBytes ? tensor : { ...tensor, place: place(tensor) },
  );
  return { ...graph, initializers };
}

export type Precision = 'f32' | HalfType;

/** Versions of the operator sets that models import. */
const opsets = { '': 20, [contributed]: 1 };

/** Constants up to this many elements are compared by value, so that equal ones are stored once. */
const comparedElements = 8;

/** One graph while it is written; a loop's body has a scope of its own. */
interface Scope {
  readonly nodes: NodeProto[];
  readonly known: ValueInfoProto[];
  readonly outputs: ReadonlyMap<Value, string>;
}

const createScope = (outputs: readonly (readonly [string, Value])[]): Scope => ({
  nodes: [],
  known: [],
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
      known: scope.known,
    };
  }

  /** An output whose op could not write it under its own name, such as an input, is copied. */
  private lowerOutput(scope: Scope, name: string, value: Value): ValueInfoProto {
    if (this.nameOf(value) !== name) this.emit(scope, 'Identity', [this.nameOf(value)], [name]);
    return { name, dtype: value.dtype, shape: isStatic(value.shape) ? value.shape : null };
  }

  private nameOf(value: Value): string {
    const name = this.names.get(value);
    if (name === undefined) throw new Error(`an output of ${value.op.primitive} is used before it is made`);
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
    const known = this.inputs.find((info) => info.name === name);
    if (known === undefined) this.inputs.push({ name, dtype, shape: nameSizes(shape) });
    else if (known.dtype !== dtype || known.shape?.join() !== nameSizes(shape).join())
      throw new RangeError(`input ${name} is asked for with two types`);
  }

  private lowerConstant(op: Op<'constant'>): void {
    const { dtype, shape, data } = op.parameters;
    const tensor = { dtype, shape, data };
    const name =
      data.length <= comparedElements ? this.smallConstant(tensor) : this.constant(this.fresh(), tensor);
    for (const output of op.outputs) this.names.set(output, name);
  }

  /** Names an op's results. False where an equal op on equal operands has computed them already. */
  private nameResults(op: AnyOp, key: string, scope: Scope): boolean {
    const shared = this.sharedOps.get(key);
    const results = shared ?? op.outputs.map((output) => scope.outputs.get(output) ?? this.fresh());
    for (const [index, output] of op.outputs.entries()) this.names.set(output, results[index] ?? '');
    this.sharedOps.set(key, results);
    if (shared === undefined) this.declareResults(op, scope);
    return shared === undefined;
  }

  /** Sizes with a name of their own would be lost on the way through a graph, and with them the sharing of buffers. */
  private declareResults(op: AnyOp, { known }: Scope): void {
    for (const value of op.outputs)
      if (!isStatic(value.shape) && !value.shape.includes(growing))
        known.push({ name: this.nameOf(value), dtype: value.dtype, shape: nameSizes(value.shape) });
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
      declare: (name, shape) => void scope.known.push({ name, dtype: 'f32', shape }),
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
    return { name: 'body', ...{ nodes: scope.nodes, known: scope.known }, initializers: [], inputs, outputs };
  }

  private bodyInput(value: Value): ValueInfoProto {
    return { name: this.nameOf(value), dtype: value.dtype, shape: value.shape.length === 0 ? [] : null };
  }
}

/**
 * Writes the graph that computes `outputs` as an ONNX model. What no output needs is not in it, equal ops are
 * computed once, and additions to a product are written as part of it.
 */
export function lower(outputs: Readonly<Record<string, Value>>, options: LowerOptions = {}): LoweredModel {
  const { precision = 'f32', carried } = options;
  const lowering = new Lowering(outputs);
  const full = lowering.lowerGraph();
  const narrowed = precision === 'f32' ? full : toMixedPrecision(full, precision);
  const repeated = carried === undefined ? narrowed : repeatGraph(narrowed, carried);
  const graph = placeConstants(repeated, options);
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
