import { z } from 'zod';

/** A claim's file: who holds a stage's key, at which fence. */
export const claimRecord = z.strictObject({
  fence: z.int().positive(),
  /** Tells two claims of one process apart. */
  token: z.string(),
  /** How long a holder that says nothing keeps its claim, where its process cannot be looked at. */
  leaseMs: z.number().positive(),
  /** For people: who holds it. */
  holder: z.string(),
  process: z.strictObject({ host: z.string(), space: z.string(), pid: z.int(), startTime: z.string() }),
});
export type ClaimRecord = z.infer<typeof claimRecord>;
