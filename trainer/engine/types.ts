import type { Decoding } from '../../schemas/trainer-job';
import type { ModelConfig } from '../families/define';
import type { Objective, PairRow, SequenceRow, TrainRow } from '../rows';
import type { LoraConfig, OptimizerConfig } from '../settings';
import type { Tensor, Weights } from '../tensor';
import type { ExternalDataFile } from './external-data';

/** The interface of the engine. It does not depend on files, jobs or events. */

/** How graphs are built for a device. */
export interface GraphProfile {
  readonly provider: 'cpu' | 'cuda';
  /** Precision of products and activations. Parameters, moments and losses are always f32. */
  readonly precision: 'f32' | 'f16' | 'bf16';
  /** Gradient checkpointing: the backward pass recomputes each layer. Saves memory for a third more computation. */
  readonly recompute: boolean;
  /** Scored tokens whose logits are computed at once. Default: all, or a chunk if the vocabulary is large. */
  readonly logitTokens?: number;
  /**
   * Optimizer steps in one call of the runtime: state and gradients stay on the device between them. Default: one call
   * for each step or micro-batch.
   */
  readonly stepsPerCall?: number;
  /** File of frozen weights that all graphs share. Default: each graph contains them. */
  readonly externalData?: ExternalDataFile;
}

export interface EngineOptions {
  readonly config: ModelConfig;
  readonly weights: Weights;
  /** Under LoRA the weights are frozen constants of the graph. null: a full fine-tune. */
  readonly lora: LoraConfig | null;
  readonly objective: Objective;
  readonly optimizer: OptimizerConfig;
  readonly threads: number;
  /** Default: f32 on the CPU, without recomputation. */
  readonly profile?: GraphProfile;
  /** Seed of dropout. Default: 0. */
  readonly seed?: number;
  /** Rows (pairs for DPO) of one forward and backward pass. A smaller batch is filled with empty rows. */
  readonly microBatchSize: number;
  /** Maximum number of positions of a row: see `maxSequenceLength`. */
  readonly maxLength: number;
  /**
   * Whether any row of the run has a prompt, so that all calls of several steps use one graph. Default: whether a row of
   * the call has one.
   */
  readonly prompts?: boolean;
}

/** Trained tensors and AdamW moments by name: the engine's part of a checkpoint. */
export interface TrainState {
  readonly parameters: Map<string, Tensor>;
  readonly firstMoments: Map<string, Tensor>;
  readonly secondMoments: Map<string, Tensor>;
}

/** Metrics of one optimizer step under TRL's names: loss, grad_norm, rewards/margins … */
export type StepMetrics = Readonly<Record<string, number>>;

/** An optimizer step. `step` counts from 1. */
export interface StepRequest {
  readonly rows: readonly TrainRow[];
  readonly step: number;
  readonly learningRate: number;
}

export interface TrainEngine {
  /** The number of steps that one call of the runtime makes. */
  readonly stepsPerCall: number;
  /**
   * AdamW steps, each over one batch of rows that fit the objective. The engine splits a batch into micro-batches with
   * a common denominator (tokens, pairs or answers).
   */
  steps(requests: readonly StepRequest[]): Promise<readonly StepMetrics[]>;
  /** A single step. */
  step(rows: readonly TrainRow[], options: { step: number; learningRate: number }): Promise<StepMetrics>;
  /**
   * Summed log-probability of each completion under the current weights. It uses a graph of the same shape as training,
   * so that a policy equal to its reference has a margin of exactly 0.
   */
  pairLogprobs(rows: readonly PairRow[]): Promise<{ chosen: Float64Array; rejected: Float64Array }>;
  /** The same for single sequences. */
  sequenceLogprobs(rows: readonly SequenceRow[]): Promise<Float64Array>;
  /** Closes the scoring sessions, which hold another copy of the frozen weights. They reopen when needed. */
  closeScoring(): Promise<void>;
  /** Closes all sessions of a large model, between scoring and training: each kind holds a copy of the weights. */
  closeIfLarge(): Promise<void>;
  exportState(): TrainState;
  importState(state: TrainState): void;
  release(): Promise<void>;
}

export interface GeneratorOptions {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly threads: number;
  /** Default: f32 on the CPU. */
  readonly profile?: GraphProfile;
  /** Rows of a batch. A smaller batch is filled with empty rows. */
  readonly batchSize: number;
  readonly maxPromptTokens: number;
  readonly maxNewTokens: number;
  readonly endOfSequence: number;
  /** Each group of this number of requests shares one prompt, which is prefilled once. Default: 1. */
  readonly samplesPerPrompt?: number;
  readonly decoding: Decoding;
}

export interface GenerationRequest {
  readonly prompt: Int32Array;
  /** maxNewTokens uniform random numbers in [0, 1). Empty for greedy decoding. */
  readonly uniforms: Float32Array;
}

export interface Generation {
  /** New tokens without the end-of-sequence token. */
  readonly ids: Int32Array;
  readonly finish: 'stop' | 'length';
  /** Number of greedy positions whose two best logits differ by at most 1e-4. */
  readonly nearTies: number;
}

export interface Generator {
  /** Takes at most batchSize requests. A row's tokens do not depend on the other rows. */
  generate(requests: readonly GenerationRequest[]): Promise<Generation[]>;
  release(): Promise<void>;
}

export type ScorerOptions = Pick<
  EngineOptions,
  'config' | 'weights' | 'threads' | 'profile' | 'microBatchSize' | 'maxLength'
>;

export interface Scorer {
  /** Summed log-probability of each row's completion. */
  logprobs(rows: readonly SequenceRow[]): Promise<Float64Array>;
  release(): Promise<void>;
}
