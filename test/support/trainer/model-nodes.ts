import { parse } from 'protobufjs';
import { readOracle } from '../oracle';

/** What test/oracles/cuda_kernels.py says of an operator. */
interface Operator {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly kernels: readonly Readonly<Record<string, readonly string[]>>[];
}

const { operators } = readOracle('cuda-kernels') as { operators: Readonly<Record<string, Operator>> };

interface Attribute {
  readonly name: string;
  readonly i: number;
  readonly g?: Graph;
}

interface Node {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly Attribute[];
}

interface Graph {
  readonly node: readonly Node[];
  readonly initializer: readonly { readonly name: string; readonly dataType: number }[];
  readonly input: readonly { readonly name: string; readonly type: { tensorType: { elemType: number } } }[];
  readonly output: readonly { readonly name: string }[];
}

/** What of onnx.proto3 says which node takes and gives which types. */
const modelType = parse(`
  syntax = "proto3";
  message Model { Graph graph = 7; }
  message Graph { repeated Node node = 1; repeated Tensor initializer = 5; repeated Info input = 11; repeated Info output = 12; }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; string domain = 7; }
  message Attribute { string name = 1; int32 i = 3; Graph g = 6; }
  message Tensor { int32 data_type = 2; string name = 8; }
  message Info { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; }
`).root.lookupType('Model');

/** TensorProto.DataType. */
const elementTypes: Readonly<Record<number, string>> = {
  1: 'float',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  12: 'uint32',
  16: 'bfloat16',
};

type Types = ReadonlyMap<string, string>;

const numberOf = ({ attribute }: Node, name: string): number | undefined =>
  attribute.find((each) => each.name === name)?.i;

/** Type parameters that no input decides, but an attribute. */
function decidedByAttribute(node: Node): Readonly<Record<string, string>> {
  const code = { Cast: ['T2', 'to'], SimplifiedLayerNormalization: ['U', 'stash_type'] }[node.opType];
  if (code === undefined) return {};
  const [parameter = '', attribute = ''] = code;
  return { [parameter]: elementTypes[numberOf(node, attribute) ?? 0] ?? 'unknown' };
}

/** A node with the types that its operator's parameters have there. */
export interface TypedNode {
  /** The operator, with its domain. */
  readonly operator: string;
  readonly types: Readonly<Record<string, string>>;
}

/** The parameter at a place; the last one stands for all that follow. */
const at = (parameters: readonly string[], index: number): string =>
  parameters[Math.min(index, parameters.length - 1)] ?? '';

function readNode(node: Node, known: Types): { typed: TypedNode; outputs: readonly string[] } {
  const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
  const described = operators[operator];
  if (described === undefined) throw new Error(`cuda-kernels.json does not know ${operator}`);
  const types: Record<string, string> = decidedByAttribute(node);
  for (const [index, name] of node.input.entries())
    types[at(described.inputs, index)] = known.get(name) ?? '';
  const outputs = node.output.map((_, index) => {
    const parameter = at(described.outputs, index);
    return types[parameter] ?? parameter;
  });
  return { typed: { operator, types }, outputs };
}

/** Nodes of a graph and of the bodies in it; gives the types of its outputs. */
function visit(graph: Graph, outer: Types, found: TypedNode[]): readonly string[] {
  const known = new Map(outer);
  for (const { name, dataType } of graph.initializer) known.set(name, elementTypes[dataType] ?? '');
  for (const { name, type } of graph.input) known.set(name, elementTypes[type.tensorType.elemType] ?? '');
  for (const node of graph.node) {
    const body = node.attribute.find(({ name }) => name === 'body')?.g;
    const inner = body === undefined ? undefined : visit(body, known, found).slice(1);
    const { typed, outputs } = readNode(node, known);
    // A loop carries values of many types, all of which its kernel takes; what is computed in it is in its body.
    if (inner === undefined) found.push(typed);
    for (const [index, name] of node.output.entries())
      known.set(name, (inner ?? outputs)[index] ?? 'unknown');
  }
  return graph.output.map(({ name }) => known.get(name) ?? 'unknown');
}

/** All nodes of a model as it is written, with their types. */
export function typedNodes(model: Uint8Array): readonly TypedNode[] {
  const { graph } = modelType.toObject(modelType.decode(model), { arrays: true, defaults: true }) as {
    graph: Graph;
  };
  const found: TypedNode[] = [];
  visit(graph, new Map(), found);
  return found;
}

/** Whether ONNX Runtime's CUDA provider has a kernel for a node. */
export function hasCudaKernel({ operator, types }: TypedNode): boolean {
  const kernels = operators[operator]?.kernels ?? [];
  return kernels.some((kernel) =>
    Object.entries(types).every(
      ([parameter, type]) => kernel[parameter] === undefined || kernel[parameter].includes(type),
    ),
  );
}
