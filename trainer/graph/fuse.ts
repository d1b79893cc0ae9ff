import type { AnyOp, Op, Value } from './primitives';
import type { Schedule } from './order';
import { broadcastShapes, sameShape } from './shapes';

/** A 2-D product that can take an addend: Gemm's third operand costs less than a separate Add. */
type Product = Op<'matmul'> | Op<'loraLinear'>;

/** An addition that is lowered as part of a product. */
export interface FusedAddition {
  readonly product: Product;
  readonly addend: Value;
}

export interface Fusions {
  readonly additions: ReadonlyMap<AnyOp, FusedAddition>;
  /** Products that are lowered as part of an addition. */
  readonly absorbed: ReadonlySet<AnyOp>;
}

function countUses({ root, bodies }: Schedule, outputs: readonly Value[]): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  outputs.forEach(count);
  for (const op of [...root, ...[...bodies.values()].flat()]) op.inputs.forEach(count);
  for (const body of bodies.keys()) body.outputs.forEach(count);
  return uses;
}

function productOf({ op, shape }: Value): Product | null {
  const product = op.primitive === 'matmul' || op.primitive === 'loraLinear';
  return product && shape.length === 2 ? op : null;
}

function fuseAddition(op: Op<'add'>, canAbsorb: (op: AnyOp) => boolean): FusedAddition | null {
  const [left, right] = op.inputs;
  if (left === undefined || right === undefined) return null;
  for (const [value, addend] of [
    [right, left],
    [left, right],
  ] as const) {
    const product = productOf(value);
    if (product === null || !canAbsorb(product)) continue;
    if (addend.shape.length <= 2 && sameShape(broadcastShapes(addend.shape, value.shape), value.shape))
      return { product, addend };
  }
  return null;
}

/** Finds additions to a product that has no other use. Both must be in the same scope. */
export function planFusions(schedule: Schedule, outputs: readonly Value[]): Fusions {
  const uses = countUses(schedule, outputs);
  const additions = new Map<AnyOp, FusedAddition>();
  const absorbed = new Set<AnyOp>();
  for (const scope of [schedule.root, ...schedule.bodies.values()]) {
    const inScope = new Set(scope);
    const canAbsorb = (op: AnyOp): boolean =>
      inScope.has(op) && !absorbed.has(op) && op.outputs.every((output) => uses.get(output) === 1);
    for (const op of scope) {
      const fused = op.primitive === 'add' ? fuseAddition(op, canAbsorb) : null;
      if (fused === null) continue;
      additions.set(op, fused);
      absorbed.add(fused.product);
    }
  }
  return { additions, absorbed };
}
