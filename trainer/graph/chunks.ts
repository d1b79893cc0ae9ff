/** Processes rows in chunks. The intermediate values of a chunk are freed before the next one begins. */
import { add, cast, concat, equal, exp, integers, lessOrEqual, loop, matmul, mul, reshape } from './ops';
import { broadcastTo, dynamicSliceRange, scalar, slice, sub, tokenLogProbability } from './ops';
import { dynamic, type TensorType, type Value } from './primitives';
import { inputAt } from './shapes';

/** Dynamic size: the rows of the current chunk. The last chunk may have fewer. */
const chunkRows = -4;

export interface Chunks {
  /** The total number of rows: i64 [1]. */
  readonly count: Value;
  /** Rows in a chunk. */
  readonly rows: number;
}

interface ChunkScan {
  readonly init: readonly Value[];
  readonly types: readonly TensorType[];
  /** Takes one chunk of each input and the carry, and returns the next carry. */
  readonly body: (chunks: readonly Value[], carry: readonly Value[]) => readonly Value[];
}

function scanChunks(
  inputs: readonly Value[],
  { count, rows }: Chunks,
  { init, types, body }: ChunkScan,
): readonly Value[] {
  return loop(Number.MAX_SAFE_INTEGER, init, types, (iteration, carry) => {
    const start = mul(reshape(iteration, [1]), integers([rows]));
    const end = add(start, integers([rows]));
    const chunks = inputs.map((x) => dynamicSliceRange(x, [start, end], chunkRows));
    return {
      condition: reshape(lessOrEqual(add(end, integers([1])), count), []),
      carry: body(chunks, carry),
    };
  });
}

/** An empty array [0, …width]: a slice, because a constant must not be empty. */
const emptyRows = (width: readonly number[]): Value => slice(broadcastTo(scalar(0), [1, ...width]), 0, 0, 0);

/** Applies `body` to chunks of the inputs' rows [N, …]; concatenates its f32 results [chunk, …width] → [N, …width]. */
export function mapChunks(
  inputs: readonly Value[],
  chunks: Chunks,
  {
    widths,
    body,
  }: { widths: readonly (readonly number[])[]; body: (chunks: readonly Value[]) => readonly Value[] },
): readonly Value[] {
  const joined = scanChunks(inputs, chunks, {
    init: widths.map(emptyRows),
    types: widths.map((width) => ({ dtype: 'f32', shape: [dynamic, ...width] })),
    body: (parts, carry) => body(parts).map((rows, index) => concat([inputAt(carry, index), rows], 0)),
  });
  const [size = 0] = inputAt(inputs, 0).shape;
  return joined.map((value, index) => reshape(value, [size, ...(widths[index] ?? [])]));
}

/** ∂ log p(target) / ∂ logits = onehot(target) − p, from all log-probabilities [N, V]. */
export function logitGradients(all: Value, targets: Value): Value {
  const vocabulary = all.shape.at(-1) ?? 0;
  const ids = integers([...Array(vocabulary).keys()], [1, vocabulary]);
  const hit = equal(ids, reshape(targets, [targets.shape[0] ?? 0, 1]));
  return sub(cast(hit, 'f32'), exp(all));
}

interface ChunkedHead {
  /** [N, D] */
  readonly x: Value;
  /** [V, D] */
  readonly head: Value;
  /** [N] */
  readonly targets: Value;
}

/** Σₙ gₙ (onehot(tₙ) − pₙ) xₙᵀ, chunk by chunk, for g [N, 1]. */
export function headGradient({ x, head, targets }: ChunkedHead, g: Value, chunks: Chunks): Value {
  const [sum] = scanChunks([x, targets, g], chunks, {
    init: [broadcastTo(scalar(0), head.shape)],
    types: [head],
    body: ([rows, ids, gradient], [before]) => {
      if (!rows || !ids || !gradient || !before)
        throw new RangeError('a chunk needs rows, targets and gradients');
      const [, all] = tokenLogProbability(matmul(rows, head, { transB: true }), ids);
      return [add(before, matmul(mul(logitGradients(all, ids), gradient), rows, { transA: true }))];
    },
  });
  return sum!;
}
