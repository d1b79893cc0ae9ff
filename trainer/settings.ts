export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  /** Names among the linear modules of the model's family. */
  readonly targetModules: readonly string[];
  /** Dropout probability of the inputs of A. Default: 0. */
  readonly dropout?: number | undefined;
  /** Scale by alpha / √rank instead of alpha / rank. Default: false. */
  readonly useRslora?: boolean | undefined;
}

export interface OptimizerConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number | null;
}
