import type { AnyOp, LoopBody, Value } from './primitives';

/** What an op reads: its inputs and, for a loop, what its body takes from outside. */
type Needs = (op: AnyOp) => readonly Value[];

/** Ops that the values need, each after the ops that it needs. */
export function sortOps(values: readonly Value[], needs: Needs = ({ inputs }) => inputs): readonly AnyOp[] {
  const sorted = new Set<AnyOp>();
  const entered = new Set<AnyOp>();
  const stack = values.map((value) => value.op).reverse();
  for (let op = stack.at(-1); op !== undefined; op = stack.at(-1)) {
    if (entered.has(op)) {
      sorted.add(op);
      stack.pop();
      continue;
    }
    entered.add(op);
    for (const { op: next } of [...needs(op)].reverse()) if (!entered.has(next)) stack.push(next);
  }
  return [...sorted];
}

/** Which ops run in the graph itself and which in the body of each loop. */
export interface Schedule {
  readonly root: readonly AnyOp[];
  readonly bodies: ReadonlyMap<LoopBody, readonly AnyOp[]>;
}

/** Ops that depend on the body's inputs; the others stand outside of the loop and run once. */
function bodyOps(body: LoopBody, needs: Needs): readonly AnyOp[] {
  const inside = new Set<AnyOp>(body.inputs.map(({ op }) => op));
  const sorted = sortOps(body.outputs, needs);
  for (const op of sorted) if (needs(op).some((value) => inside.has(value.op))) inside.add(op);
  return sorted.filter((op) => inside.has(op));
}

function captured(body: LoopBody, ops: readonly AnyOp[], needs: Needs): readonly Value[] {
  const inside = new Set([...ops, ...body.inputs.map(({ op }) => op)]);
  const used = [...ops.flatMap((op) => [...needs(op)]), ...body.outputs];
  return used.filter((value) => !inside.has(value.op));
}

/** Orders everything that the outputs need and assigns each op to the outermost scope that can hold it. */
export function scheduleOps(outputs: readonly Value[]): Schedule {
  const bodies = new Map<LoopBody, readonly AnyOp[]>();
  const known = new Map<AnyOp, readonly Value[]>();
  const needs: Needs = (op) => {
    if (op.primitive !== 'loop') return op.inputs;
    const { body } = op.parameters;
    const ops = bodies.get(body) ?? bodyOps(body, needs);
    bodies.set(body, ops);
    const values = known.get(op) ?? [...op.inputs, ...captured(body, ops, needs)];
    known.set(op, values);
    return values;
  };
  return { root: sortOps(outputs, needs), bodies };
}
