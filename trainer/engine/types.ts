import type { linearModules } from '../../contracts/linear-modules';
import type { PreferenceLoss } from '../../schemas/losses';
import type { Decoding } from '../../schemas/trainer-job';
import type { ConstantsFile } from './constants-file';

/** What the training program asks of the engine. Nothing here knows of files, jobs or events. */

/** A named f32 tensor in row-major order. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Weights under their Hugging Face names, e.g. "model.layers.0.self_attn.q_proj.weight" [out, in]. */
export type Weights = ReadonlyMap<string, Tensor>;

/**
 * Llama 3's stretched positions. A pair whose wavelength is above originalPositions / lowFrequencyFactor turns `factor`
 * times slower, one below originalPositions / highFrequencyFactor as before, and one between by a blend of both.
 */
export interface RopeScaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  /** Positions that the model was first trained on. */
  readonly originalPositions: number;
}

/** A Llama-family decoder, with the names of config.json in camel case. */
export interface ModelConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  /** null: positions as they are. */
  readonly ropeScaling: RopeScaling | null;
  readonly tiedEmbeddings: boolean;
  /** Bias on q, k and v (Qwen 2). */
  readonly qkvBias: boolean;
}

export type LinearModule = (typeof linearModules)[number];

export interface LoraShape {
  readonly rank: number;
  readonly alpha: number;
  readonly targetModules: readonly LinearModule[];
  /** Share of the inputs of A that a training step zeroes; none unless given. */
  readonly dropout?: number | undefined;
  /** alpha / √rank in place of alpha / rank. */
  readonly useRslora?: boolean | undefined;
}

export interface OptimizerShape {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number | null;
}

/** A token sequence. */
export interface SequenceRow {
  readonly ids: Int32Array;
  /** Tokens from this position on are supervised, each predicted from the tokens before it. */
  readonly completionStart: number;
}

/** A pair for DPO with the reference's summed log-probabilities of its completions. */
export interface PairRow {
  readonly chosen: SequenceRow;
  readonly rejected: SequenceRow;
  readonly referenceChosen: number;
  readonly referenceRejected: number;
}

/** One judged answer for KTO, with the reference's summed log-probabilities. */
export interface UnpairedRow {
  readonly sequence: SequenceRow;
  readonly desirable: boolean;
  readonly reference: number;
  /** The prompt with the answer to another one: on these, the baseline of a step is measured. */
  readonly mismatched: SequenceRow;
  readonly referenceMismatched: number;
}

/** What a step learns from: sequences for language modelling, unpaired rows for KTO, pairs for all other losses. */
export type TrainRow = SequenceRow | PairRow | UnpairedRow;

export type Objective = { readonly name: 'language-model' } | PreferenceLoss;

/** How graphs are made for where they run. */
export interface GraphProfile {
  readonly provider: 'cpu' | 'cuda';
  /** Of products and activations; parameters, moments and losses are f32 in any case. */
  readonly precision: 'f32' | 'f16' | 'bf16';
  /** The backward pass computes layers again in place of keeping what they computed: less memory, a third more work. */
  readonly recompute: boolean;
  /** Scored tokens whose logits are made at once; all, or in chunks where the vocabulary is large, unless given. */
  readonly logitTokens?: number;
  /**
   * Steps that one call of the runtime makes, so that state and gradients stay on the device between them; unless given, a
   * call is a step or a micro-batch.
   */
  readonly stepsPerCall?: number;
  /** File of the frozen weights, outside of the graphs that share it; unless given they stand in every graph. */
  readonly constants?: ConstantsFile;
}

export interface EngineOptions {
  readonly config: ModelConfig;
  readonly weights: Weights;
  /** Weights under LoRA are frozen constants of the graph; null trains every weight. */
  readonly lora: LoraShape | null;
  readonly objective: Objective;
  readonly optimizer: OptimizerShape;
  readonly threads: number;
  /** The CPU, in f32, keeping everything, unless given. */
  readonly profile?: GraphProfile;
  /** Seed of dropout; 0 unless given. */
  readonly seed?: number;
  /** Rows (pairs for DPO) of one forward and backward pass; a pass with fewer has empty ones. */
  readonly microBatchSize: number;
  /** Positions that a row may take: see `longestOf`. */
  readonly maxLength: number;
  /**
   * Whether any row of the run has a prompt, so that calls of several steps are one graph however they are cut; unless given, the
   * rows of a call decide.
   */
  readonly prompts?: boolean;
}

/** Trainable tensors and AdamW moments by name: everything that a checkpoint needs from the engine. */
export interface TrainState {
  readonly parameters: Map<string, Tensor>;
  readonly firstMoments: Map<string, Tensor>;
  readonly secondMoments: Map<string, Tensor>;
}

/** Figures of one optimiser step under the names that TRL users know: loss, grad_norm, rewards/margins … */
export type StepFigures = Readonly<Record<string, number>>;

/** An optimiser step to make; `step` counts from 1. */
export interface StepRequest {
  readonly rows: readonly TrainRow[];
  readonly step: number;
  readonly learningRate: number;
}

export interface TrainEngine {
  /** How many steps are best asked for at once. */
  readonly stepsPerCall: number;
  /**
   * AdamW steps, each over an effective batch of rows that fit the objective; the engine splits them into micro-batches
   * with one denominator (tokens, pairs, answers).
   */
  steps(requests: readonly StepRequest[]): Promise<readonly StepFigures[]>;
  /** One of them. */
  step(rows: readonly TrainRow[], options: { step: number; learningRate: number }): Promise<StepFigures>;
  /**
   * Summed log-probability of each completion under the weights as they are now, through a graph of the same shape
   * as training, so that a policy equal to its reference has a margin of exactly 0. Chosen and rejected in order.
   */
  pairLogprobs(rows: readonly PairRow[]): Promise<{ chosen: Float64Array; rejected: Float64Array }>;
  /** The same for sequences alone, as KTO trains on them. */
  sequenceLogprobs(rows: readonly SequenceRow[]): Promise<Float64Array>;
  /** Gives back what the scoring graphs hold, with all frozen weights once more; they open again where they are asked for. */
  closeScoring(): Promise<void>;
  exportState(): TrainState;
  importState(state: TrainState): void;
  release(): Promise<void>;
}

export interface GeneratorOptions {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly threads: number;
  /** The CPU unless given; f32, as a loop is not narrowed. */
  readonly profile?: GraphProfile;
  /** Fixed shape of a batch; short batches are padded. */
  readonly batchSize: number;
  readonly maxPromptTokens: number;
  readonly maxNewTokens: number;
  readonly endOfSequence: number;
  /** Requests come in groups of this many with one prompt each, which is computed once. 1 unless given. */
  readonly samplesPerPrompt?: number;
  readonly decoding: Decoding;
}

export interface GenerationRequest {
  readonly prompt: Int32Array;
  /** maxNewTokens uniform draws in [0, 1), from counters; empty when greedy. */
  readonly uniforms: Float32Array;
}

export interface Generation {
  /** New tokens without the end-of-sequence token. */
  readonly ids: Int32Array;
  readonly finish: 'stop' | 'length';
  /** Greedy positions whose two best logits lay within 1e-4. */
  readonly nearTies: number;
}

export interface Generator {
  /** At most batchSize requests. A row's tokens do not depend on its neighbours. */
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

/** What trainer/engine/index.ts exports. */
export interface Engine {
  createTrainEngine(options: EngineOptions): Promise<TrainEngine>;
  createGenerator(options: GeneratorOptions): Promise<Generator>;
  createScorer(options: ScorerOptions): Promise<Scorer>;
  /** LoRA tensors as PEFT initialises them: A Kaiming-uniform(√5) from the seed, B zero; names "<module>.lora_A". */
  initLora(config: ModelConfig, lora: LoraShape, seed: number): Map<string, Tensor>;
  /** Weights of a fresh model from a seed: normal with standard deviation .02, output projections scaled by depth. */
  initWeights(config: ModelConfig, seed: number): Map<string, Tensor>;
  /** W + scale · B · A, in f32 with f64 accumulation. */
  mergeLora(weights: Weights, lora: LoraShape, tensors: Weights): Map<string, Tensor>;
}
