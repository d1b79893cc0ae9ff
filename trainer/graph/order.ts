import type { AnyOp, LoopBody, Value } from './primitives';

/** The values that an op reads: its inputs and, for a loop, the values that its body captures. */
type Dependencies = (op: AnyOp) => readonly Value[];

/** All ops that the values depend on, in topological order. */
export function sortOps(
  values: readonly Value[],
  dependenciesOf: Dependencies = ({ inputs }) => inputs,
): readonly AnyOp[] {
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
    for (const { op: next } of [...dependenciesOf(op)].reverse()) if (!entered.has(next)) stack.push(next);
  }
  return [...sorted];
}

/** The ops of the main graph and those of each loop body. */
export interface Schedule {
  readonly root: readonly AnyOp[];
  readonly bodies: ReadonlyMap<LoopBody, readonly AnyOp[]>;
}

/** Ops that depend on the body's inputs. The others are hoisted out of the loop and run once. */
function bodyOps(body: LoopBody, dependenciesOf: Dependencies): readonly AnyOp[] {
  const inside = new Set<AnyOp>(body.inputs.map(({ op }) => op));
  const sorted = sortOps(body.outputs, dependenciesOf);
  for (const op of sorted) if (dependenciesOf(op).some((value) => inside.has(value.op))) inside.add(op);
  return sorted.filter((op) => inside.has(op));
}

function capturedValues(
  body: LoopBody,
  ops: readonly AnyOp[],
  dependenciesOf: Dependencies,
): readonly Value[] {
  const inside = new Set([...ops, ...body.inputs.map(({ op }) => op)]);
  const used = [...ops.flatMap((op) => [...dependenciesOf(op)]), ...body.outputs];
  return used.filter((value) => !inside.has(value.op));
}

/** Sorts the ops that the outputs depend on and puts each one into the outermost possible scope. */
export function scheduleOps(outputs: readonly Value[]): Schedule {
  const bodies = new Map<LoopBody, readonly AnyOp[]>();
  const memo = new Map<AnyOp, readonly Value[]>();
  const dependenciesOf: Dependencies = (op) => {
    if (op.primitive !== 'loop') return op.inputs;
    const { body } = op.parameters;
    const ops = bodies.get(body) ?? bodyOps(body, dependenciesOf);
    bodies.set(body, ops);
    const values = memo.get(op) ?? [...op.inputs, ...capturedValues(body, ops, dependenciesOf)];
    memo.set(op, values);
    return values;
  };
  return { root: sortOps(outputs, dependenciesOf), bodies };
}
