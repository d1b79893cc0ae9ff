import { z } from 'zod';

/** One SFT row: the prompt as the model sees it, and the text whose tokens are supervised. */
export const demonstrationRow = z.strictObject({
  id: z.string(),
  prompt: z.string().min(1),
  completion: z.string().min(1),
});
export type DemonstrationRow = z.infer<typeof demonstrationRow>;

/** One preference row: chosen is preferred to rejected as an answer to prompt. */
export const preferenceRow = z.strictObject({
  id: z.string(),
  prompt: z.string().min(1),
  chosen: z.string().min(1),
  rejected: z.string().min(1),
});
export type PreferenceRow = z.infer<typeof preferenceRow>;

/** One judged answer without a counterpart: `label` says whether it is desirable. For the loss "kto". */
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

/** One generated answer. `nearTies` counts greedy positions whose two best logits were within 1e-4. */
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

/** One scored sequence: the summed log-probability of the completion's tokens given the prompt. */
export const logprobRow = z.strictObject({
  id: z.string(),
  logprob: z.number(),
  tokens: z.int().positive(),
});
export type LogprobRow = z.infer<typeof logprobRow>;

/** One evaluated test item; the pairing unit of every interval. */
export const itemResult = z.strictObject({
  id: z.string(),
  prompt: z.string(),
  completion: z.string(),
  /** 1 right, 0 wrong; graded metrics lie between. */
  score: z.number(),
  /** Whether the answer keeps the format that the task asks for. */
  wellFormed: z.boolean(),
  /** Whether the answer runs on: no end of sequence, or a new problem begun. */
  truncated: z.boolean(),
  tokens: z.int().nonnegative(),
  finish: z.enum(['stop', 'length']),
  /** Share of the completion's word 4-grams that occur earlier in it, 0 … 1. */
  repetition: z.number(),
  /** Further scores by name, e.g. strict and flexible extraction. */
  scores: z.record(z.string(), z.number()),
  target: z.string(),
});
export type ItemResult = z.infer<typeof itemResult>;
