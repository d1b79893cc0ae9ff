/** Runs a graph several times in one call, as a scan: the carry stays on the device between iterations. */
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx-proto';

/** Carried inputs by name, each with the output that replaces it in the next iteration. */
export type Carry = ReadonlyMap<string, string>;

const suffix = ' over iterations';
/** The name of an input or output of the scan. Inside of a Loop, names must differ from those outside. */
export const scanName = (name: string): string => `${name}${suffix}`;
export const iterationName = (name: string): string => name.slice(0, -suffix.length);
/** Where each iteration's slice of an input begins, and where the last one ends: [iterations + 1]. */
export const offsetsOf = (name: string): string => `offsets of ${name}`;
/** The number of iterations. */
export const iterationCount = 'iterations';

const int64s = (name: string, values: readonly number[], shape: readonly number[]): TensorProto => ({
  name,
  dtype: 'i64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

const [iteration, condition, nextCondition] = ['iteration', 'condition', 'next condition'];
const [index, nextIndex] = ['iteration as row', 'next iteration as row'];
const [zero, one, vector, always] = ['zero row', 'one row', 'as vector', 'always'];

const constants: readonly TensorProto[] = [
  int64s(zero, [0], [1]),
  int64s(one, [1], [1]),
  int64s(vector, [-1], [1]),
  { name: always, dtype: 'bool', shape: [], data: Uint8Array.of(1) },
];

function node(opType: string, inputs: readonly string[], output: string): NodeProto {
  return { opType, domain: '', inputs, outputs: [output], attributes: {} };
}

/** The current iteration's slice of a scanned input, a vector or a scalar. */
function sliceIteration({ name, shape }: ValueInfoProto): NodeProto[] {
  const isScalar = shape?.length === 0;
  const [start, end, slice] = [`start of ${name}`, `end of ${name}`, isScalar ? `slice of ${name}` : name];
  return [
    node('Gather', [offsetsOf(name), index], start),
    node('Gather', [offsetsOf(name), nextIndex], end),
    node('Slice', [scanName(name), start, end, zero], slice),
    ...(isScalar ? [node('Squeeze', [slice, zero], name)] : []),
  ];
}

/** The inputs and outputs of an iteration. */
interface Edges {
  readonly carried: readonly ValueInfoProto[];
  /** Inputs with a slice for each iteration (xs). */
  readonly scanned: readonly ValueInfoProto[];
  /** Outputs in the order of a Loop: the next carry, in the order of `carried`, then the scan outputs (ys). */
  readonly results: readonly ValueInfoProto[];
}

function edgesOf({ inputs, outputs }: GraphProto, carry: Carry): Edges {
  const carried = inputs.filter(({ name }) => carry.has(name));
  const names = new Set(carry.values());
  const next = carried.flatMap(({ name }) => outputs.filter((output) => output.name === carry.get(name)));
  return {
    carried,
    scanned: inputs.filter(({ name }) => !carry.has(name)),
    results: [...next, ...outputs.filter(({ name }) => !names.has(name))],
  };
}

function buildBody(graph: GraphProto, { carried, scanned, results }: Edges): GraphProto {
  const counter = [node('Reshape', [iteration, vector], index), node('Add', [index, one], nextIndex)];
  return {
    name: 'iteration',
    nodes: [
      ...counter,
      ...scanned.flatMap(sliceIteration),
      ...graph.nodes,
      node('Identity', [condition], nextCondition),
    ],
    initializers: [],
    inputs: [
      { name: iteration, dtype: 'i64', shape: [] },
      { name: condition, dtype: 'bool', shape: [] },
      ...carried,
    ],
    outputs: [{ name: nextCondition, dtype: 'bool', shape: [] }, ...results],
    valueInfo: [...graph.valueInfo, ...scanned],
  };
}

/**
 * The graph as the body of a Loop. Inputs: the number of iterations, the initial carry, and each other input, a vector
 * or a scalar, concatenated over all iterations, with its offsets. Outputs: the final carry, then the others, stacked.
 */
export function scanGraph(graph: GraphProto, carry: Carry): GraphProto {
  const edges = edgesOf(graph, carry);
  const { carried, scanned, results } = edges;
  const rename = (info: ValueInfoProto): ValueInfoProto => ({ ...info, name: scanName(info.name) });
  const loop: NodeProto = {
    opType: 'Loop',
    domain: '',
    inputs: [iterationCount, always, ...carried.map(({ name }) => scanName(name))],
    outputs: results.map(({ name }) => scanName(name)),
    attributes: { body: { kind: 'graph', value: buildBody(graph, edges) } },
  };
  return {
    name: graph.name,
    nodes: [loop],
    initializers: [...graph.initializers, ...constants],
    inputs: [
      { name: iterationCount, dtype: 'i64', shape: [] },
      ...carried.map(rename),
      ...scanned.flatMap(({ name, dtype }) => [
        { name: scanName(name), dtype, shape: [`all ${name}`] },
        { name: offsetsOf(name), dtype: 'i64' as const, shape: ['offsets'] },
      ]),
    ],
    outputs: results.map((info, position) => ({
      ...rename(info),
      shape: position < carried.length ? info.shape : null,
    })),
    valueInfo: [],
  };
}
