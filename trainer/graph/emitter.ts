import type { AttributeValue, GraphProto } from './onnx-proto';
import type { LoopBody, Op, PrimitiveName, Shape } from './primitives';

/** What a lowering may do: name its operands and emit ONNX nodes. */
export interface Emitter {
  /** Names of an op's operands, in order. */
  readonly operands: readonly string[];
  /** Names of its results, in order. */
  readonly results: readonly string[];
  /** A new name for a value between two nodes of one lowering. */
  readonly fresh: () => string;
  /** A constant of 64-bit integers, shared between nodes that ask for the same one. */
  readonly integers: (values: readonly number[], shape?: Shape) => string;
  /** A constant of f32. */
  readonly floats: (values: readonly number[], shape: Shape) => string;
  readonly node: (
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ) => void;
  /** Says what shape a value of f32 has, with names for sizes that are known only when the graph runs. */
  readonly declare: (name: string, shape: readonly (number | string)[]) => void;
  /** The graph of a loop's body. */
  readonly body: (body: LoopBody) => GraphProto;
}

export type Lowering<N extends PrimitiveName> = (op: Op<N>, emit: Emitter) => void;
