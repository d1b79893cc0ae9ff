import { z } from 'zod';

/** One SFT row. The tokens of `completion` are supervised. */
export const demonstrationRow = z.strictObject({
  id: z.string(),
  prompt: z.string().min(1),
  completion: z.string().min(1),
});
export type DemonstrationRow = z.infer<typeof demonstrationRow>;

/** One preference pair. */
export const preferenceRow = z.strictObject({
  id: z.string(),
  prompt: z.string().min(1),
  chosen: z.string().min(1),
  rejected: z.string().min(1),
});
export type PreferenceRow = z.infer<typeof preferenceRow>;

/** One unpaired preference row, for the loss "kto"; `label`: whether the answer is desirable. */
export const unpairedRow = z.strictObject({
  id: z.string(),
  prompt: z.string().min(1),
  completion: z.string().min(1),
  label: z.boolean(),
});
export type UnpairedRow = z.infer<typeof unpairedRow>;

/** One prompt to generate from. */
export const promptRow = z.strictObject({ id: z.string(), prompt: z.string().min(1) });
export type PromptRow = z.infer<typeof promptRow>;

/** One generated answer. `nearTies`: greedy positions whose two best logits are within 1e-4. */
export const generationRow = z.strictObject({
  id: z.string(),
  /** 0 … samples − 1. */
  sample: z.int().nonnegative(),
  completion: z.string(),
  tokens: z.int().nonnegative(),
  finish: z.enum(['stop', 'length']),
  nearTies: z.int().nonnegative().optional(),
});
export type GenerationRow = z.infer<typeof generationRow>;

/** Summed log-probability of a completion given its prompt. */
export const logprobRow = z.strictObject({
  id: z.string(),
  logprob: z.number(),
  tokens: z.int().positive(),
});
export type LogprobRow = z.infer<typeof logprobRow>;

/** One evaluated test item. Intervals pair models by item. */
export const itemResult = z.strictObject({
  id: z.string(),
  prompt: z.string(),
  completion: z.string(),
  /** 1 correct, 0 incorrect; graded metrics are between. */
  score: z.number(),
  /** Whether the answer has the format that the task requires. */
  wellFormed: z.boolean(),
  /** Whether the answer has no end: it has no end-of-sequence token, or starts a new problem. */
  truncated: z.boolean(),
  tokens: z.int().nonnegative(),
  finish: z.enum(['stop', 'length']),
  /** Fraction of the completion's word 4-grams that occur earlier in it. */
  repetition: z.number(),
  /** Further scores, e.g. strict and flexible extraction. */
  scores: z.record(z.string(), z.number()),
  target: z.string(),
});
export type ItemResult = z.infer<typeof itemResult>;
