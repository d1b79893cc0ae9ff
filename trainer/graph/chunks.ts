/** Work on the rows of something, a few at a time: what is made of a chunk is gone before the next one begins. */
import { add, cast, concat, equal, exp, integers, lessOrEqual, loop, matmul, mul, reshape } from './ops';
import { broadcastTo, rowsBetween, scalar, slice, sub, tokenLogProbability } from './ops';
import { growing, type Op, type TensorType, type Value } from './primitives';
import { inputAt } from './shapes';

/** Stands for the number of rows of the chunk at hand: as many as were asked for, fewer in the last one. */
const chunkRows = -4;

export interface Chunks {
  /** Number of all rows: i64 [1]. */
  readonly count: Value;
  /** Rows of a chunk. */
  readonly rows: number;
}

interface Carry {
  readonly initial: readonly Value[];
  readonly types: readonly TensorType[];
  /** Is given a chunk of each input and what was carried, and returns what is carried on. */
  readonly next: (chunks: readonly Value[], carried: readonly Value[]) => readonly Value[];
}

function overChunks(inputs: readonly Value[], { count, rows }: Chunks, carry: Carry): readonly Value[] {
  return loop(Number.MAX_SAFE_INTEGER, carry.initial, carry.types, (turn, carried) => {
    const start = mul(reshape(turn, [1]), integers([rows]));
    const end = add(start, integers([rows]));
    const chunks = inputs.map((x) => rowsBetween(x, [start, end], chunkRows));
    return {
      goOn: reshape(lessOrEqual(add(end, integers([1])), count), []),
      carried: carry.next(chunks, carried),
    };
  });
}

/** No rows yet: a slice of something, since a constant may not be empty. */
const noRows = (width: readonly number[]): Value => slice(broadcastTo(scalar(0), [1, ...width]), 0, 0, 0);

/** Applies `each` to chunks of the inputs' rows [N, …] and joins its results, f32 [chunk, …width] each: [N, …width]. */
export function mapChunks(
  inputs: readonly Value[],
  chunks: Chunks,
  {
    widths,
    each,
  }: { widths: readonly (readonly number[])[]; each: (parts: readonly Value[]) => readonly Value[] },
): readonly Value[] {
  const joined = overChunks(inputs, chunks, {
    initial: widths.map(noRows),
    types: widths.map((width) => ({ dtype: 'f32', shape: [growing, ...width] })),
    next: (parts, carried) => each(parts).map((made, index) => concat([inputAt(carried, index), made], 0)),
  });
  const [size = 0] = inputAt(inputs, 0).shape;
  return joined.map((value, index) => reshape(value, [size, ...(widths[index] ?? [])]));
}

/** How a target's log-probability changes with its logits, from all log-probabilities [N, V]: onehot(t) − p. */
export function logitSlopes(all: Value, targets: Value): Value {
  const vocabulary = all.shape.at(-1) ?? 0;
  const ids = integers([...Array(vocabulary).keys()], [1, vocabulary]);
  const hit = equal(ids, reshape(targets, [targets.shape[0] ?? 0, 1]));
  return sub(cast(hit, 'f32'), exp(all));
}

/** Σₙ gₙ (onehot(tₙ) − pₙ) xₙᵀ, chunk by chunk, for g [N, 1]. */
export function headGradient({ inputs, parameters }: Op<'chunkedLogProbability'>, g: Value): Value {
  const [x, head, targets] = [inputAt(inputs, 1), inputAt(inputs, 3), inputAt(inputs, 4)];
  const [sum] = overChunks(
    [x, targets, g],
    { count: inputAt(inputs, 5), ...parameters },
    {
      initial: [broadcastTo(scalar(0), head.shape)],
      types: [head],
      next: ([rows, ids, slope], [before]) => {
        if (!rows || !ids || !slope || !before) throw new RangeError('a chunk has rows, targets and slopes');
        const [, all] = tokenLogProbability(matmul(rows, head, { transB: true }), ids);
        return [add(before, matmul(mul(logitSlopes(all, ids), slope), rows, { transA: true }))];
      },
    },
  );
  return sum!;
}
