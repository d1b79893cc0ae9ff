import { z } from 'zod';
import { artifactManifest } from './artifact';

/** How answers were generated; stored next to their rows. */
export const generationRecord = z.strictObject({
  /** SHA-256 of generations.jsonl. */
  sha256: z.string(),
  metrics: z.record(z.string(), z.number()),
  maxPromptTokens: z.int().positive(),
  made: artifactManifest.shape.made.pick({ device: true, threads: true, trainer: true, microBatches: true }),
});
export type GenerationRecord = z.infer<typeof generationRecord>;
