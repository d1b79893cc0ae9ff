/** A tensor of the training graph, f32. */
export interface Tensor {
  readonly shape: readonly number[];
}

/** Operations of the training graph. All have gradients; shapes broadcast. */
export interface LossOps {
  scalar(value: number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  neg(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  log(x: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  /** log(1 + eˣ), which is −log σ(−x). */
  softplus(x: Tensor): Tensor;
  /** a ≤ b, for `where`. No gradient passes through the comparison. */
  lessOrEqual(a: Tensor, b: Tensor): Tensor;
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor;
}

/** Log-probabilities of one answer a row: tensors [rows]. */
export interface AnswerTerms {
  /** log π, summed over the answer's tokens. */
  readonly logprob: Tensor;
  /** log π − log π_ref. */
  readonly logRatio: Tensor;
  /** log π / tokens. */
  readonly meanLogprob: Tensor;
  /** (log π − log π_ref) / tokens. */
  readonly meanLogRatio: Tensor;
}

/** Terms of a pair loss. */
export interface PairTerms {
  readonly chosen: AnswerTerms;
  readonly rejected: AnswerTerms;
}

/** Terms of a loss of unpaired answers. */
export interface UnpairedTerms {
  readonly answer: AnswerTerms;
  /** 1 for desirable answers, −1 for undesirable ones: [answers]. */
  readonly side: Tensor;
  /** The mean of log π − log π_ref over a step's mismatched answers, at least 0, without gradient: []. */
  readonly baseline: Tensor;
}
