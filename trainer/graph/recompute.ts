import { apply, optimizationBarrier } from './ops';
import { sortOps } from './order';
import type { AnyOp, Op, Value } from './primitives';

/** Activation recomputation (gradient checkpointing). */
export interface Recomputation {
  /**
   * The op whose operands the backward pass reads: the op itself where they are kept, else a recomputed copy. The copy
   * waits for the gradient of its segment's end, because an earlier one would stay in memory as long as the original.
   */
  find(op: AnyOp, gradientOf: (value: Value) => Value | undefined): AnyOp;
}

/** The ops between two checkpoints: they depend on the first, and the second depends on them. */
interface Segment {
  readonly start: Value;
  readonly end: Value;
  readonly ops: readonly AnyOp[];
}

/** Ops that depend on a value, without the op that made it. */
function descendantsOf(start: Value, sorted: readonly AnyOp[]): AnyOp[] {
  const inside = new Set<AnyOp>();
  for (const op of sorted)
    if (op.inputs.some((input) => input === start || inside.has(input.op))) inside.add(op);
  return [...inside];
}

function planSegments(checkpoints: readonly Value[]): Segment[] {
  const visited = new Set<AnyOp>(sortOps(checkpoints.slice(0, 1)));
  return checkpoints.slice(1).map((end, index) => {
    const start = checkpoints[index]!;
    const fresh = sortOps([end]).filter((op) => !visited.has(op));
    for (const op of fresh) visited.add(op);
    return { start, end, ops: descendantsOf(start, fresh) };
  });
}

function copyOps({ start, ops }: Segment, from: Value): Map<AnyOp, AnyOp> {
  const copies = new Map<AnyOp, AnyOp>();
  const copyOf = (value: Value): Value =>
    value === start ? from : (copies.get(value.op)?.outputs[value.index] ?? value);
  for (const op of ops) {
    const { primitive, parameters } = op as Op;
    const [first] = apply(primitive, op.inputs.map(copyOf), parameters);
    if (first !== undefined) copies.set(op, first.op);
  }
  return copies;
}

/**
 * Plans which ops the backward pass recomputes. Chen et al., "Training Deep Nets with Sublinear Memory Cost",
 * arXiv 1604.06174.
 */
export function planRecomputation(checkpoints: readonly Value[]): Recomputation {
  const segmentOf = new Map<AnyOp, Segment>();
  for (const segment of planSegments(checkpoints)) for (const op of segment.ops) segmentOf.set(op, segment);
  const copied = new Map<Segment, Map<AnyOp, AnyOp>>();
  return {
    find(op, gradientOf) {
      const segment = segmentOf.get(op);
      const trigger = segment && gradientOf(segment.end);
      if (segment === undefined || trigger === undefined) return op;
      const copies = copied.get(segment) ?? copyOps(segment, optimizationBarrier(segment.start, trigger));
      copied.set(segment, copies);
      return copies.get(op) ?? op;
    },
  };
}
