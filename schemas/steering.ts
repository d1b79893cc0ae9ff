import { z } from 'zod';

/** "drain" lets running stages finish; "yield" has them write a checkpoint and release their device. */
export const pauseMode = z.enum(['drain', 'yield']);
export type PauseMode = z.infer<typeof pauseMode>;

/** A command for a running sweep or experiment. */
export const steeringCommand = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('cancel') }),
  z.strictObject({ action: z.literal('pause'), mode: pauseMode }),
  z.strictObject({ action: z.literal('resume') }),
  z.strictObject({ action: z.literal('concurrency'), cells: z.int().positive() }),
]);
export type SteeringCommand = z.infer<typeof steeringCommand>;

/**
 * A command as an update carries it, with the person who asks, for the ledger. The update's name is the
 * action.
 */
export type SteeringRequest = SteeringCommand & { readonly actor: string };
