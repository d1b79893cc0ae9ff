import { z } from 'zod';
import { linearModules } from '../contracts/linear-modules';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().positive();

/** LoRA: W + (alpha / rank) · B · A on the named linear layers. */
export const loraSpec = z.strictObject({
  rank: count,
  alpha: positive,
  /** Share of the inputs of A that are zeroed in training, the others scaled up to match. */
  dropout: z.number().min(0).lt(1).optional(),
  /** rsLoRA: alpha / √rank in place of alpha / rank, so that the update keeps its size where the rank grows. */
  useRslora: z.boolean().optional(),
  targetModules: z
    .array(z.enum(linearModules))
    .min(1)
    .default([...linearModules]),
});
export type LoraSpec = z.infer<typeof loraSpec>;

/** What changes the bytes of a training run: optimiser, schedule, batch, adapter. */
export const trainingSpec = z.strictObject({
  epochs: count,
  /** Rows (pairs for DPO) an optimiser step. */
  batchSize: count,
  learningRate: positive,
  lrSchedule: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  /** Share of the steps that warm up; the first step already learns. */
  warmupRatio: share.default(0.1),
  /** Learning rate at the last step, as a share of the peak. */
  minLearningRateRatio: share.default(0.1),
  weightDecay: z.number().nonnegative().default(0),
  beta1: share.default(0.9),
  beta2: share.default(0.999),
  epsilon: positive.default(1e-8),
  /** Largest global gradient norm; null for no clipping. */
  maxGradNorm: positive.nullable().default(1),
  /** null trains every weight. */
  lora: loraSpec.nullable(),
  /**
   * Of products and activations; parameters, moments and losses are f32. Left out for f32, so that what was trained
   * without it keeps its key.
   */
  precision: z.enum(['f16', 'bf16']).optional(),
  /** Tokens of prompt and completion together. */
  maxLength: count,
  /** What happens to longer rows; each is counted and reported. */
  onOverlength: z.enum(['error', 'drop', 'truncate']).default('error'),
});
export type TrainingSpec = z.infer<typeof trainingSpec>;
