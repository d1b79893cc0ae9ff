import type { AttributeValue, GraphProto } from './onnx-proto';
import type { LoopBody, Op, PrimitiveName, Shape } from './primitives';

/** The interface of a lowering: its operand names and functions that emit ONNX nodes. */
export interface Emitter {
  /** Names of the op's operands, in order. */
  readonly operands: readonly string[];
  /** Names of the op's results, in order. */
  readonly results: readonly string[];
  /** A new name for an intermediate value. */
  readonly fresh: () => string;
  /** An i64 constant; equal constants are shared. */
  readonly integers: (values: readonly number[], shape?: Shape) => string;
  /** An f32 constant; equal constants are shared. */
  readonly floats: (values: readonly number[], shape: Shape) => string;
  readonly node: (
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ) => void;
  /** Declares the shape of an f32 value; dynamic sizes have names. */
  readonly declare: (name: string, shape: readonly (number | string)[]) => void;
  /** Lowers the body of a loop. */
  readonly body: (body: LoopBody) => GraphProto;
}

export type Lowering<N extends PrimitiveName> = (op: Op<N>, emit: Emitter) => void;
