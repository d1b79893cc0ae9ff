import { z } from 'zod';

/** A claim's file: the holder of a stage's key, and its fence. */
export const claimRecord = z.strictObject({
  fence: z.int().positive(),
  /** Distinguishes two claims of one process. */
  token: z.string(),
  /** Milliseconds after which a silent holder loses the claim, if its process cannot be checked from here. */
  leaseMs: z.number().positive(),
  /** Name of the holder, for people. */
  holder: z.string(),
  process: z.strictObject({ host: z.string(), space: z.string(), pid: z.int(), startTime: z.string() }),
});
export type ClaimRecord = z.infer<typeof claimRecord>;
