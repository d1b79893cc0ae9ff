import { inputGradients, type InputGradients } from './gradients';
import { add, broadcastTo, reduceSum, reshape, scalar } from './ops';
import { sortOps } from './order';
import type { AnyOp, Op, Shape, Value } from './primitives';
import { planRecomputation, type Recomputation } from './recompute';
import { sameShape } from './shapes';

/** The transpose of broadcasting: sums over the broadcast axes of `shape`. */
function unbroadcast(g: Value, shape: Shape): Value {
  if (sameShape(g.shape, shape)) return g;
  const offset = g.shape.length - shape.length;
  const axes = [...g.shape.keys()].filter((axis) => axis < offset || shape[axis - offset] !== g.shape[axis]);
  return reshape(reduceSum(g, axes), shape);
}

/** Ops whose outputs depend on a leaf; `sorted` is in topological order. */
function dependentOps(sorted: readonly AnyOp[], leaves: readonly Value[]): ReadonlySet<AnyOp> {
  const dependent = new Set<AnyOp>(leaves.map((leaf) => leaf.op));
  for (const op of sorted) if (op.inputs.some((input) => dependent.has(input.op))) dependent.add(op);
  return dependent;
}

export interface GradientOptions {
  /**
   * Activations kept for the backward pass, in forward order. Everything between two of them is recomputed when its
   * gradients are needed. Default: every activation is kept.
   */
  readonly checkpoints?: readonly Value[];
  /** Loss scale: every gradient is multiplied by it, so that small ones do not underflow in f16. Default: 1. */
  readonly scale?: number;
}

/**
 * Reverse-mode gradients of the scalar `loss` with respect to `leaves`, as more nodes of the same graph. Ops that
 * depend on no leaf are skipped. A leaf that does not influence the loss gets zeros.
 */
export function differentiate(
  loss: Value,
  leaves: readonly Value[],
  { checkpoints = [], scale = 1 }: GradientOptions = {},
): readonly Value[] {
  const sorted = sortOps([loss]);
  const dependent = dependentOps(sorted, leaves);
  const gradients = new Map<Value, Value>([[loss, scalar(scale)]]);
  const recomputation: Recomputation = planRecomputation(checkpoints);
  for (const op of [...sorted].reverse()) {
    if (!dependent.has(op) || op.inputs.length === 0) continue;
    const g = op.outputs.map((output) => gradients.get(output) ?? null);
    if (g.every((gradient) => gradient === null)) continue;
    const source = recomputation.find(op, (value) => gradients.get(value));
    accumulate(gradients, op, inputGradients(source as Op, g), dependent);
  }
  return leaves.map((leaf) => gradients.get(leaf) ?? broadcastTo(scalar(0), leaf.shape));
}

function accumulate(
  gradients: Map<Value, Value>,
  op: AnyOp,
  contributions: InputGradients,
  dependent: ReadonlySet<AnyOp>,
): void {
  for (const [index, input] of op.inputs.entries()) {
    const contribution = contributions[index];
    if (!contribution || !dependent.has(input.op)) continue;
    const gradient = unbroadcast(contribution, input.shape);
    const earlier = gradients.get(input);
    gradients.set(input, earlier === undefined ? gradient : add(earlier, gradient));
  }
}
