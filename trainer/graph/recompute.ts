import { after, apply } from './ops';
import { sortOps } from './order';
import type { AnyOp, Op, Value } from './primitives';

/** What a backward pass reads in place of what the forward pass computed. */
export interface Recomputation {
  /**
   * The op itself where its operands are kept, else its copy that is computed again: not before the gradient of its
   * segment's end is there, or it would be kept as long as the first one.
   */
  find(op: AnyOp, gradientOf: (value: Value) => Value | undefined): AnyOp;
}

/** What lies between two kept values: ops that depend on the first and that the second depends on. */
interface Segment {
  readonly start: Value;
  readonly end: Value;
  readonly ops: readonly AnyOp[];
}

/** Ops in order that depend on a value; its own op is not among them. */
function descendantsOf(start: Value, sorted: readonly AnyOp[]): AnyOp[] {
  const inside = new Set<AnyOp>();
  for (const op of sorted)
    if (op.inputs.some((input) => input === start || inside.has(input.op))) inside.add(op);
  return [...inside];
}

function planSegments(checkpoints: readonly Value[]): Segment[] {
  const known = new Set<AnyOp>(sortOps(checkpoints.slice(0, 1)));
  return checkpoints.slice(1).map((end, index) => {
    const start = checkpoints[index]!;
    const fresh = sortOps([end]).filter((op) => !known.has(op));
    for (const op of fresh) known.add(op);
    return { start, end, ops: descendantsOf(start, fresh) };
  });
}

function copyOps({ start, ops }: Segment, from: Value): Map<AnyOp, AnyOp> {
  const copies = new Map<AnyOp, AnyOp>();
  const again = (value: Value): Value =>
    value === start ? from : (copies.get(value.op)?.outputs[value.index] ?? value);
  for (const op of ops) {
    const { primitive, parameters } = op as Op;
    const [first] = apply(primitive, op.inputs.map(again), parameters);
    if (first !== undefined) copies.set(op, first.op);
  }
  return copies;
}

/** Plans which ops a backward pass computes again. Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174. */
export function planRecomputation(checkpoints: readonly Value[]): Recomputation {
  const segmentOf = new Map<AnyOp, Segment>();
  for (const segment of planSegments(checkpoints)) for (const op of segment.ops) segmentOf.set(op, segment);
  const copied = new Map<Segment, Map<AnyOp, AnyOp>>();
  return {
    find(op, gradientOf) {
      const segment = segmentOf.get(op);
      const trigger = segment && gradientOf(segment.end);
      if (segment === undefined || trigger === undefined) return op;
      const copies = copied.get(segment) ?? copyOps(segment, after(segment.start, trigger));
      copied.set(segment, copies);
      return copies.get(op) ?? op;
    },
  };
}
