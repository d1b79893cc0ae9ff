/** A graph that runs many times in one call: what it hands from turn to turn never leaves the device. */
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx-proto';

/** Inputs of a graph that are what an output was the turn before, by their names. */
export type Carried = ReadonlyMap<string, string>;

const suffix = ' over turns';
/** What an input or output is called where it stands for all turns: inside of a loop no name may be what it is outside. */
export const overTurns = (name: string): string => `${name}${suffix}`;
export const nameInTurn = (name: string): string => name.slice(0, -suffix.length);
/** Where each turn's stretch of an input ends, and the first one begins. */
export const endsOf = (name: string): string => `ends of ${name}`;
/** The number of turns. */
export const turnCount = 'turns';

const int64s = (name: string, values: readonly number[], shape: readonly number[]): TensorProto => ({
  ...{ name, dtype: 'i64', shape },
  data: BigInt64Array.from(values, BigInt),
});

const [turn, goOn, stillOn, from, to] = ['turn', 'go on', 'still on', 'turn as row', 'next turn as row'];
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

/** A turn's stretch of an input of all turns; inputs are vectors and scalars. */
function takeStretch({ name, shape }: ValueInfoProto): NodeProto[] {
  const isScalar = shape?.length === 0;
  const [start, end, stretch] = [
    `start of ${name}`,
    `end of ${name}`,
    isScalar ? `stretch of ${name}` : name,
  ];
  return [
    node('Gather', [endsOf(name), from], start),
    node('Gather', [endsOf(name), to], end),
    node('Slice', [overTurns(name), start, end, zero], stretch),
    ...(isScalar ? [node('Squeeze', [stretch, zero], name)] : []),
  ];
}

/** What crosses the edge of a turn. */
interface Edges {
  /** Inputs that are carried on. */
  readonly handed: readonly ValueInfoProto[];
  /** Inputs of which each turn has its own. */
  readonly given: readonly ValueInfoProto[];
  /** Outputs as a Loop has them: first those that are carried, in the order of their inputs, then those of every turn. */
  readonly results: readonly ValueInfoProto[];
}

function edgesOf({ inputs, outputs }: GraphProto, carried: Carried): Edges {
  const handed = inputs.filter(({ name }) => carried.has(name));
  const names = new Set(carried.values());
  const next = handed.flatMap(({ name }) => outputs.filter((output) => output.name === carried.get(name)));
  return {
    handed,
    given: inputs.filter(({ name }) => !carried.has(name)),
    results: [...next, ...outputs.filter(({ name }) => !names.has(name))],
  };
}

function buildBody(graph: GraphProto, { handed, given, results }: Edges): GraphProto {
  const clock = [node('Reshape', [turn, vector], from), node('Add', [from, one], to)];
  return {
    name: 'turn',
    nodes: [...clock, ...given.flatMap(takeStretch), ...graph.nodes, node('Identity', [goOn], stillOn)],
    initializers: [],
    inputs: [{ name: turn, dtype: 'i64', shape: [] }, { name: goOn, dtype: 'bool', shape: [] }, ...handed],
    outputs: [{ name: stillOn, dtype: 'bool', shape: [] }, ...results],
    known: [...graph.known, ...given],
  };
}

/**
 * The graph as a Loop. Its inputs: `turns`; the carried ones before the first turn; each other one, a vector or a scalar, as all
 * turns' values behind one another, with their ends. Its outputs: the carried ones after the last turn, the others of all turns, stacked.
 */
export function repeatGraph(graph: GraphProto, carried: Carried): GraphProto {
  const edges = edgesOf(graph, carried);
  const { handed, given, results } = edges;
  const rename = (info: ValueInfoProto): ValueInfoProto => ({ ...info, name: overTurns(info.name) });
  const loop: NodeProto = {
    opType: 'Loop',
    domain: '',
    inputs: [turnCount, always, ...handed.map(({ name }) => overTurns(name))],
    outputs: results.map(({ name }) => overTurns(name)),
    attributes: { body: { kind: 'graph', value: buildBody(graph, edges) } },
  };
  return {
    name: graph.name,
    nodes: [loop],
    initializers: [...graph.initializers, ...constants],
    inputs: [
      { name: turnCount, dtype: 'i64', shape: [] },
      ...handed.map(rename),
      ...given.flatMap(({ name, dtype }) => [
        { name: overTurns(name), dtype, shape: [`all ${name}`] },
        { name: endsOf(name), dtype: 'i64' as const, shape: ['ends'] },
      ]),
    ],
    outputs: results.map((info, index) => ({
      ...rename(info),
      shape: index < handed.length ? info.shape : null,
    })),
    known: [],
  };
}
