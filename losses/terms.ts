/** A tensor of the training graph, f32. */
export interface Tensor {
  readonly shape: readonly number[];
}

/** Operations of the training graph. All have gradients; shapes broadcast. */
export interface LossOps {
  readonly scalar: (value: number) => Tensor;
  readonly add: (a: Tensor, b: Tensor) => Tensor;
  readonly sub: (a: Tensor, b: Tensor) => Tensor;
  readonly mul: (a: Tensor, b: Tensor) => Tensor;
  readonly div: (a: Tensor, b: Tensor) => Tensor;
  readonly neg: (x: Tensor) => Tensor;
  readonly exp: (x: Tensor) => Tensor;
  readonly log: (x: Tensor) => Tensor;
  readonly sqrt: (x: Tensor) => Tensor;
  readonly sigmoid: (x: Tensor) => Tensor;
  /** log(1 + eˣ), which is −log σ(−x). */
  readonly softplus: (x: Tensor) => Tensor;
  /** a ≤ b, for `where`. No gradient passes through the comparison. */
  readonly lessOrEqual: (a: Tensor, b: Tensor) => Tensor;
  readonly where: (condition: Tensor, a: Tensor, b: Tensor) => Tensor;
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
