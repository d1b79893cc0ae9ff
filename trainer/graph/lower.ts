import {
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-proto';
import { contributed, domainOf, isStatic, lowerings, type Emitter } from './lowerings';
import { sameShape } from './shapes';
import type { AnyOp, LoopBody, Op, PrimitiveName, Shape, Value } from './primitives';

/** A model ready for a session. */
export interface LoweredModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** Number of ONNX nodes, those of loop bodies included. */
  readonly nodes: number;
}

/** Versions of the operator sets that models import. */
const opsets = { '': 20, [contributed]: 1 };

/** Nodes of one graph while it is written; a loop's body has a scope of its own. */
interface Scope {
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
}

class Lowering {
  private readonly names = new Map<Value, string>();
  private readonly sharedConstants = new Map<string, string>();
  private readonly sharedOps = new Map<string, readonly string[]>();
  private readonly dependencies = new Map<AnyOp, readonly Value[]>();
  private readonly root: Scope = { nodes: [], initializers: [] };
  private count = 0;
  nodes = 0;

  lowerGraph(outputs: Readonly<Record<string, Value>>): GraphProto {
    const inputs: ValueInfoProto[] = [];
    for (const op of this.sort(Object.values(outputs), () => true)) this.lowerOp(op, this.root, inputs);
    return { name: 'graph', ...this.root, inputs, outputs: this.nameOutputs(outputs, this.root) };
  }

  /** Outputs get their own names through Identity: a value may be an input, or leave twice. */
  private nameOutputs(outputs: Readonly<Record<string, Value>>, scope: Scope): ValueInfoProto[] {
    return Object.entries(outputs).map(([name, value]) => {
      this.emit(scope, 'Identity', [this.nameOf(value)], [name]);
      return { name, dtype: value.dtype, shape: isStatic(value.shape) ? value.shape : null };
    });
  }

  private nameOf(value: Value): string {
    const name = this.names.get(value);
    if (name === undefined) throw new Error(`an output of ${value.op.primitive} is used before it is made`);
    return name;
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
    this.nodes += 1;
    scope.nodes.push({ opType, domain: domainOf(opType), inputs, outputs, attributes });
  }

  private constant(key: string, tensor: Omit<TensorProto, 'name'>): string {
    const shared = this.sharedConstants.get(key);
    if (shared !== undefined) return shared;
    const name = this.fresh();
    this.root.initializers.push({ ...tensor, name });
    this.sharedConstants.set(key, name);
    return name;
  }

  private integers(values: readonly number[], shape: Shape = [values.length]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.constant(`i64 ${shape.join()} ${values.join()}`, { dtype: 'i64', shape, data });
  }

  private floats(values: readonly number[], shape: Shape): string {
    const data = Float32Array.from(values);
    return this.constant(`f32 ${shape.join()} ${values.join()}`, { dtype: 'f32', shape, data });
  }

  private lowerOp(op: AnyOp, scope: Scope, inputs: ValueInfoProto[]): void {
    if (op.primitive === 'input') this.lowerInput(op, inputs);
    else if (op.primitive === 'constant') this.lowerConstant(op);
    else if (op.primitive !== 'bodyInput') this.lowerComputation(op as Op, scope);
  }

  private lowerInput(op: Op<'input'>, inputs: ValueInfoProto[]): void {
    const { name, dtype, shape } = op.parameters;
    for (const output of op.outputs) this.names.set(output, name);
    const known = inputs.find((info) => info.name === name);
    if (known === undefined) inputs.push({ name, dtype, shape });
    else if (known.dtype !== dtype || !sameShape(known.shape ?? [], shape))
      throw new RangeError(`input ${name} is asked for with two types`);
  }

  private lowerConstant(op: Op<'constant'>): void {
    const { dtype, shape, data } = op.parameters;
    const key = data.length <= 8 ? `${dtype} ${shape.join()} ${data.join()}` : this.fresh();
    for (const output of op.outputs) this.names.set(output, this.constant(key, { dtype, shape, data }));
  }

  /** Equal ops on equal operands are computed once. */
  private lowerComputation<N extends PrimitiveName>(op: Op<N>, scope: Scope): void {
    const operands = op.inputs.map((value) => this.nameOf(value));
    const key =
      op.primitive === 'loop'
        ? this.fresh()
        : `${op.primitive} ${operands.join()} ${JSON.stringify(op.parameters)}`;
    const shared = this.sharedOps.get(key);
    const results = shared ?? op.outputs.map(() => this.fresh());
    for (const [index, output] of op.outputs.entries()) this.names.set(output, results[index] ?? '');
    if (shared !== undefined) return;
    this.sharedOps.set(key, results);
    lowerings[op.primitive](op, this.emitter(scope, operands, results));
  }

  private emitter(scope: Scope, operands: readonly string[], results: readonly string[]): Emitter {
    return {
      operands,
      results,
      fresh: () => this.fresh(),
      integers: (values, shape) => this.integers(values, shape),
      floats: (values, shape) => this.floats(values, shape),
      node: (opType, inputs, outputs, attributes) => this.emit(scope, opType, inputs, outputs, attributes),
      loop: (op) => this.lowerLoop(op, { scope, operands, results }),
    };
  }

  private lowerLoop(
    op: Op<'loop'>,
    at: { scope: Scope; operands: readonly string[]; results: readonly string[] },
  ): void {
    const { body } = op.parameters;
    const inside: Scope = { nodes: [], initializers: [] };
    for (const value of body.inputs) this.names.set(value, this.fresh());
    for (const inner of this.bodyOps(body)) this.lowerOp(inner, inside, []);
    const outputs = Object.fromEntries(body.outputs.map((value) => [this.fresh(), value]));
    const graph: GraphProto = {
      name: 'body',
      ...inside,
      inputs: body.inputs.map((value) => this.bodyInfo(this.nameOf(value), value)),
      outputs: this.nameOutputs(outputs, inside).map((info) => ({ ...info, shape: null })),
    };
    // nameOutputs has pushed into inside.nodes, which the graph shares.
    this.emit(at.scope, 'Loop', at.operands, at.results, { body: { kind: 'graph', value: graph } });
  }

  private bodyInfo(name: string, { dtype, shape }: Value): ValueInfoProto {
    return { name, dtype, shape: shape.length === 0 ? [] : null };
  }

  /** Ops that depend on the body's inputs; the others stand outside of the loop and run once. */
  private bodyOps(body: LoopBody): readonly AnyOp[] {
    const inside = new Set<AnyOp>(body.inputs.map(({ op }) => op));
    const sorted = this.sort(body.outputs, () => true);
    for (const op of sorted) if (op.inputs.some((input) => inside.has(input.op))) inside.add(op);
    return sorted.filter((op) => inside.has(op));
  }

  /** What must be computed before an op: its inputs and, for a loop, what its body takes from outside. */
  private needs(op: AnyOp): readonly Value[] {
    const known = this.dependencies.get(op);
    if (known !== undefined) return known;
    const needed = op.primitive === 'loop' ? [...op.inputs, ...this.captured(op.parameters.body)] : op.inputs;
    this.dependencies.set(op, needed);
    return needed;
  }

  private captured(body: LoopBody): readonly Value[] {
    const inside = new Set(this.bodyOps(body));
    const used = [...inside].flatMap((op) => op.inputs).concat(body.outputs);
    return used.filter((value) => !inside.has(value.op));
  }

  private sort(values: readonly Value[], follow: (op: AnyOp) => boolean): readonly AnyOp[] {
    const sorted = new Set<AnyOp>();
    const entered = new Set<AnyOp>();
    const stack = values.map((value) => value.op).reverse();
    for (let op = stack.at(-1); op !== undefined; op = stack.at(-1)) {
      if (entered.has(op)) {
        sorted.add(op);
        stack.pop();
        continue;
      }
      entered.add(op);
      for (const next of [...this.needs(op)].reverse())
        if (follow(next.op) && !entered.has(next.op)) stack.push(next.op);
    }
    return [...sorted];
  }
}

/** Writes the graph that computes `outputs` as an ONNX model. What no output needs is not in it. */
export function lower(outputs: Readonly<Record<string, Value>>): LoweredModel {
  const lowering = new Lowering();
  const graph = lowering.lowerGraph(outputs);
  return {
    bytes: encodeModel(graph, opsets),
    inputs: graph.inputs,
    outputs: graph.outputs,
    nodes: lowering.nodes,
  };
}
