/** Element types of a graph. All real numbers are f32. */
export type DType = 'f32' | 'i32' | 'i64' | 'bool';

/** Sizes of a tensor's axes, outermost first. A negative one stands for a dynamic size, known only at run time. */
export type Shape = readonly number[];

/** A dynamic size that changes while a Loop runs, or that is never compared. */
export const dynamic = -1;

/** The static type of a value. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Elements of a constant in row-major order. Booleans are 0 and 1. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** One output of an op. Values are immutable and compared by identity. */
export interface Value extends TensorType {
  readonly op: AnyOp;
  /** Which of the op's outputs this is. */
  readonly index: number;
}

type None = Readonly<Record<string, never>>;

/** All primitives and their parameters. Each needs an entry in the tables of shapes, gradients and lowerings. */
export interface Primitives {
  // Leaves.
  readonly input: { readonly name: string } & TensorType;
  readonly constant: { readonly data: ConstantData } & TensorType;
  /** The k-th input of the body of a Loop. */
  readonly bodyInput: { readonly label: string } & TensorType;

  // Element-wise, with NumPy's broadcasting.
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
  /** [start, end) along an axis. With `dynamic` as its end it takes all remaining elements. */
  readonly slice: { readonly axis: number; readonly start: number; readonly end: number };
  readonly split: { readonly axis: number; readonly sizes: readonly number[] };
  /** Rows of a table [V, …] at indices [N] → [N, …]. */
  readonly gatherRows: None;
  /** Adds rows [N, …] into zeros [rows, …] at indices [N], in order. Duplicate indices add up. */
  readonly scatterAddRows: { readonly rows: number };
  /** Rows of x [N, D] from `start` (i64 [1]) to the end: [size, D]. */
  readonly dynamicSlice: { readonly size: number };
  /** Rows of x [N, …] from `start` up to `end` (i64 [1] each) or the last row: [size, …]. */
  readonly dynamicSliceRange: { readonly size: number };
  /** x [n, D] with `count` (i64 [1]) rows of zeros in front: [size, D]. */
  readonly dynamicPad: { readonly size: number };

  // Reduction.
  readonly reduceSum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly reduceMax: { readonly axis: number };
  readonly argMax: { readonly axis: number };
  /** The k largest of the last axis in descending order; of equal ones the earlier first → values, indices (i64). */
  readonly topK: { readonly k: number };
  readonly cumulativeSum: { readonly axis: number };
  readonly softmax: None;

  // Products. The last two axes are the matrix, the others a batch.
  readonly matmul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };

  // Fused ops of a decoder, with gradients derived by hand.
  /** x [N, D], weight [D] → y [N, D], 1 / rms [N, 1]. */
  readonly rmsNorm: { readonly epsilon: number };
  /** x [B, T, heads · hd], first positions [1] or positions [B, T], cos and sin [P, hd / 2]. */
  readonly rope: { readonly heads: number };
  /** gate, up [N, F] → silu(gate) ∘ up, silu(gate). */
  readonly swiglu: None;
  /** q […, M, hd], k, v […, T, hd], additive mask that broadcasts to […, M, T] → […, M, hd]. */
  readonly attention: { readonly scale: number };
  /**
   * Segment lengths (i64 [P]) → one additive mask for each query segment: 0 where a query may attend to a key, else
   * `masked` [R · queries, keys]. `repeats` is R, the query heads that share a key head.
   */
  readonly varlenMasks: Segments & { readonly repeats: number; readonly masked: number };
  /**
   * Attention over packed segments of variable length: q [M, H · hd] of the query segments, k and v [N, KV · hd] of
   * all segments, their lengths (i64 [P]) and one mask for each query segment → [M, H · hd], then the values that the
   * backward pass needs of each query segment (see varlen-attention.ts).
   */
  readonly varlenAttention: VarlenAttention;
  /** Upstream gradient and output [M, H · hd], lengths, saved values → gradients of q, k, v. `size` is N. */
  readonly varlenAttentionGradient: VarlenAttention & { readonly size: number };
  /** logits [N, V], targets [N] → log-probability of each target [N], all log-probabilities [N, V]. */
  readonly tokenLogProbability: None;
  /**
   * Returns its first input: log-probabilities y [N] of targets [N] under logits x · headᵀ, computed in chunks of
   * `rows` rows. The other inputs serve the gradient: x [N, D], ∂yₙ/∂xₙ [N, D], head [V, D], targets, N (i64 [1]).
   */
  readonly chunkedLogProbability: { readonly rows: number };
  /** x [N, in], merged = W + scale · B · A [out, in], A [r, in], B [out, r] → x · mergedᵀ. */
  readonly loraLinear: { readonly scale: number };

  /**
   * Random words of rows (i32 [N]) and columns (i32 [D]) → 0 with probability `rate`, else 1 / (1 − rate): [N, D]. An
   * element depends only on its two words.
   */
  readonly dropoutMask: { readonly rate: number };

  // Control.
  /** Inputs x and another value → x unchanged, but not available before the other value is computed. */
  readonly optimizationBarrier: None;
  /** Inputs: maximum number of iterations, initial condition, then the initial carry. */
  readonly loop: { readonly body: LoopBody };
}

/** Consecutive runs of tokens in a packed batch. */
export interface Segments {
  /** For each segment the other segments that all of its tokens attend to. Within the segment, attention is causal. */
  readonly contexts: readonly (readonly number[])[];
  /** The first segment with queries. Those before it only have keys and values. */
  readonly firstQuery: number;
}

export interface VarlenAttention extends Segments {
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

/** The body of a Loop. It may use values from outside. */
export interface LoopBody {
  /** Iteration number (i64 []), condition (bool []), then the carry. */
  readonly inputs: readonly Value[];
  /** Condition, next carry, then the scan outputs. */
  readonly outputs: readonly Value[];
}
