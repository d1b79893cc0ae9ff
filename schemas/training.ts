import { z } from 'zod';
import { linearModules } from '../core/linear-modules';
import { count, decay, fraction, positive } from './scalars';

/** LoRA: W + (alpha / rank) · B · A on the target modules. */
export const loraSpec = z.strictObject({
  /** Rank r of A and B. */
  rank: count,
  /** Scale of the adapter: B · A is multiplied by alpha / rank. */
  alpha: positive,
  /** Dropout of the inputs of A in training, 0 … 1. Default: 0. */
  dropout: decay.optional(),
  /** rsLoRA: scale by alpha / √rank instead of alpha / rank. Default: false. */
  useRslora: z.boolean().optional(),
  /** Linear layers that get an adapter, by their names in the model's family. Default: those of Llama and Qwen 2. */
  targetModules: z
    .array(z.string().min(1))
    .min(1)
    .default([...linearModules]),
});
export type LoraSpec = z.infer<typeof loraSpec>;

/** Hyperparameters of a training run. All of them enter keys. */
export const trainingSpec = z.strictObject({
  /** Passes over the rows. */
  epochs: count,
  /** Rows per optimiser step; pairs for DPO. */
  batchSize: count,
  /** Peak learning rate. */
  learningRate: positive,
  /** Learning rate schedule after warm-up. Default: 'cosine'. */
  lrSchedule: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  /** Fraction of the steps that warm up, 0 … 1; the first step already trains. Default: 0.1. */
  warmupRatio: fraction.default(0.1),
  /** Learning rate of the last step as a fraction of the peak, 0 … 1. Default: 0.1. */
  minLearningRateRatio: fraction.default(0.1),
  /** AdamW's decoupled weight decay. Default: 0. */
  weightDecay: z.number().nonnegative().default(0),
  /** AdamW's β1, below 1. Default: 0.9. */
  beta1: decay.default(0.9),
  /** AdamW's β2, below 1. Default: 0.999. */
  beta2: decay.default(0.999),
  /** AdamW's ε. Default: 1e-8. */
  epsilon: positive.default(1e-8),
  /** Largest global gradient norm; null for no clipping. Default: 1. */
  maxGradNorm: positive.nullable().default(1),
  /** LoRA adapter; null trains all weights. */
  lora: loraSpec.nullable(),
  /** Precision of matrix products and activations; parameters, moments and losses stay float32. Default: float32. */
  precision: z.enum(['f16', 'bf16']).optional(),
  /** Longest row, prompt and completion together, in tokens. */
  maxLength: count,
  /** What happens to longer rows: 'error' fails the stage; dropped and truncated rows are counted. Default: 'error'. */
  onOverlength: z.enum(['error', 'drop', 'truncate']).default('error'),
});
export type TrainingSpec = z.infer<typeof trainingSpec>;
/** Some hyperparameters, as a user writes them. */
export type TrainingSettings = Partial<z.input<typeof trainingSpec>>;
