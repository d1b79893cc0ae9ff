/**
 * Assumed rates of one device slot (one thread) on the embedded default: token rates of the PyTorch experiment behind its
 * recipe, and the target for a stage's start. Other models take longer by their weights: see `tokensPerSecond`. Only the
 * order of cells and the times of a plan depend on them.
 */
export const rates = {
  /** Seconds from spawn to first step, and for reading and publishing. */
  stageOverhead: 1,
  /** Tokens of prompt and completion a second. */
  sftTokensPerSecond: 10000,
  /** Tokens of prompt and answer a second; chosen and rejected both count. */
  preferenceTokensPerSecond: 8500,
  /** New tokens a second, over a full batch. */
  generatedTokensPerSecond: 4000,
  /** Weights of the embedded default. */
  embeddedParameters: 820_736,
  /** Operations a second of a CPU thread, measured on random Llamas of 11 and 64 million weights; of a GPU assumed. */
  operationsPerSecond: {
    cpu: { training: 6e10, generating: 3e10 },
    cuda: { training: 5e13, generating: 5e13 },
  },
  /** Mean length of a row as a fraction of maxLength. */
  meanRowLength: 0.57,
  /** Mean length of an answer as a fraction of maxNewTokens. */
  meanAnswerLength: 0.65,
} as const;

/**
 * Assumed fraction of sampled prompts that give a pair of a correct and an incorrect sample; the actual one is in the
 * stage's stats. Measured 0.35–0.4 with four candidates on the embedded default.
 */
export const expectedPairYield = 0.4;
