import { gradientRules, type InputGradients } from './gradients';
import { add, broadcastTo, scalar } from './ops';
import { sortOps } from './order';
import type { AnyOp, Op, PrimitiveName, Value } from './primitives';
import { planRecomputation, type Recomputation } from './recompute';

function ruleOf<N extends PrimitiveName>(op: Op<N>, g: readonly (Value | null)[]): InputGradients {
  return gradientRules[op.primitive](op, g);
}

/** Of the ops in order, those whose outputs depend on one of the leaves. */
function dependentOps(sorted: readonly AnyOp[], leaves: readonly Value[]): ReadonlySet<AnyOp> {
  const dependent = new Set<AnyOp>(leaves.map((leaf) => leaf.op));
  for (const op of sorted) if (op.inputs.some((input) => dependent.has(input.op))) dependent.add(op);
  return dependent;
}

export interface GradientOptions {
  /**
   * Values that are kept for the backward pass, in the order of the forward pass; what lies between two of them is
   * computed again when its gradients are. None: everything is kept.
   */
  readonly checkpoints?: readonly Value[];
  /** Gradient of the loss itself: gradients come out times this, so that small ones survive a short exponent. */
  readonly scale?: number;
}

/**
 * Gradients of the scalar `loss` with respect to `leaves`, as further nodes of the same graph, by reverse mode.
 * Ops that depend on no leaf are never visited. A leaf without influence gets zeros.
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
    const again = recomputation.find(op, (value) => gradients.get(value));
    accumulate(gradients, op, ruleOf(again as Op, g), dependent);
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
    const earlier = gradients.get(input);
    gradients.set(input, earlier === undefined ? contribution : add(earlier, contribution));
  }
}
