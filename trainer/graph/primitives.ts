/** Element types that cross the graph; real numbers are f32 throughout. */
export type DType = 'f32' | 'i32' | 'i64' | 'bool';

/** Sizes of a tensor's axes, outermost first. One below zero names a size that is known only when the graph runs. */
export type Shape = readonly number[];

/** Stands for the size of an axis that grows while a Loop runs, or that nobody compares. */
export const growing = -1;

/** What is known of a value before the graph runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Bytes of a constant, in row-major order; booleans as 0 and 1. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** One output of an op. Values are immutable and compared by identity. */
export interface Value extends TensorType {
  readonly op: AnyOp;
  /** Which of the op's outputs this is. */
  readonly index: number;
}

type None = Readonly<Record<string, never>>;

/** Every primitive and its parameters. A name here needs a row in the tables of shapes, gradients and lowerings. */
export interface Primitives {
  // Leaves.
  readonly input: { readonly name: string } & TensorType;
  readonly constant: { readonly data: ConstantData } & TensorType;
  /** The k-th input of the body of a Loop. */
  readonly bodyInput: { readonly label: string } & TensorType;

  // Element by element, with NumPy's broadcasting.
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly minimum: None;
  readonly equal: None;
  readonly lessOrEqual: None;
  readonly and: None;
  readonly where: None;
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly sigmoid: None;
  readonly softplus: None;
  readonly not: None;
  readonly cast: { readonly to: DType };

  // Rearrangement.
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly broadcastTo: { readonly shape: Shape };
  readonly concat: { readonly axis: number };
  /** From start up to end; to the last element where the axis grows and end is `growing`. */
  readonly slice: { readonly axis: number; readonly start: number; readonly end: number };
  readonly split: { readonly axis: number; readonly sizes: readonly number[] };
  /** Rows of a table [V, …] at indices [N] → [N, …]. */
  readonly gatherRows: None;
  /** Adds rows [N, …] into zeros [rows, …] at indices [N], in order, duplicates included. */
  readonly scatterAddRows: { readonly rows: number };
  /** Rows of x [N, D] from `start` (i64 [1]) to the end: [size, D]. */
  readonly rowsFrom: { readonly size: number };
  /** Rows of x [N, …] from `start` up to `end` (i64 [1] each), or to the last one where there are fewer: [size, …]. */
  readonly rowsBetween: { readonly size: number };
  /** x [n, D] behind as many rows of zeros as `count` (i64 [1]) says: [size, D]. */
  readonly rowsBehind: { readonly size: number };

  // Reduction.
  readonly reduceSum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly reduceMax: { readonly axis: number };
  readonly argMax: { readonly axis: number };
  /** The k greatest of the last axis in falling order, the earlier of equal ones first → values, indices (i64). */
  readonly topK: { readonly k: number };
  readonly cumulativeSum: { readonly axis: number };
  readonly softmax: None;

  // Products. The last two axes are the matrix, the others a batch.
  readonly matmul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };

  // Pieces of a decoder with a gradient worked out by hand.
  /** x [N, D], weight [D] → y [N, D], 1 / rms [N, 1]. */
  readonly rmsNorm: { readonly epsilon: number };
  /** x [B, T, heads · hd], first positions [1] or positions [B, T], cos and sin [P, hd / 2]. */
  readonly rotate: { readonly heads: number };
  /** gate, up [N, F] → silu(gate) ∘ up, silu(gate). */
  readonly swiglu: None;
  /** q […, M, hd], k, v […, T, hd], additive mask that broadcasts to […, M, T] → […, M, hd]. */
  readonly attention: { readonly scale: number };
  /** Lengths of a stream's parts (i64 [P]) → 0 where a part's token may look, else `masked`, a part: [R · own, keys]. */
  readonly streamMasks: StreamParts & { readonly repeats: number; readonly masked: number };
  /**
   * Attention within a stream of parts: q [M, H · hd] of the parts from `first` on, k, v [N, KV · hd], lengths (i64 [P]),
   * a mask a part → [M, H · hd], then for each part what its gradient needs (see stream-attention.ts).
   */
  readonly streamAttention: StreamAttention;
  /** g and output [M, H · hd], lengths, then what streamAttention left → gradients of q, k, v. `size`: N. */
  readonly streamAttentionGradient: StreamAttention & { readonly size: number };
  /** logits [N, V], targets [N] → log-probability of each target [N], all log-probabilities [N, V]. */
  readonly tokenLogProbability: None;
  /**
   * The first input as it is: log-probabilities [N] of targets [N] under logits x · headᵀ that were looked at in chunks of
   * `rows` rows. Then what their gradient is made of: x [N, D], slopes ∂yₙ/∂xₙ [N, D], head [V, D], targets, N (i64 [1]).
   */
  readonly chunkedLogProbability: { readonly rows: number };
  /** x [N, in], merged = W + scale · B · A [out, in], A [r, in], B [out, r] → x · mergedᵀ. */
  readonly loraLinear: { readonly scale: number };

  /**
   * Random words of rows (i32 [N]) and columns (i32 [D]) → 1 / (1 − rate) or, with probability `rate`, 0: [N, D]. An
   * element is a function of its two words and of nothing else.
   */
  readonly dropoutMask: { readonly rate: number };

  // Control.
  /** Inputs x and anything else → x as it is, but not before the other is there. */
  readonly after: None;
  /** Inputs: greatest number of turns, first condition, then the carried values. */
  readonly loop: { readonly body: LoopBody };
}

/** Runs of tokens that lie one after another in a stream, each with the ones whose keys stand before its own. */
export interface StreamParts {
  /** For each part the parts that all of its tokens see; of itself, a token sees what stands before it. */
  readonly contexts: readonly (readonly number[])[];
  /** The first part that asks; those before it have keys and values alone. */
  readonly first: number;
}

export interface StreamAttention extends StreamParts {
  readonly scale: number;
  readonly heads: number;
  readonly keyValueHeads: number;
}

export type PrimitiveName = keyof Primitives;

/** One application of a primitive. */
export interface Op<N extends PrimitiveName = PrimitiveName> {
  readonly primitive: N;
  readonly parameters: Primitives[N];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export type AnyOp = { [N in PrimitiveName]: Op<N> }[PrimitiveName];

/** The body of a Loop. Values made outside of it may be used inside. */
export interface LoopBody {
  /** Turn number (i64 []), condition (bool []), then the carried values. */
  readonly inputs: readonly Value[];
  /** Condition to go on, the carried values, then those that are kept of every turn. */
  readonly outputs: readonly Value[];
}
