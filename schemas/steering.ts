import { z } from 'zod';

/** How a pause treats stages that run: "drain" lets them finish, "yield" has them checkpoint and give their device back. */
export const pauseMode = z.enum(['drain', 'yield']);
export type PauseMode = z.infer<typeof pauseMode>;

/** What a person can ask of a run that goes on. */
export const steeringCommand = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('cancel') }),
  z.strictObject({ action: z.literal('pause'), mode: pauseMode }),
  z.strictObject({ action: z.literal('resume') }),
  z.strictObject({ action: z.literal('concurrency'), cells: z.int().positive() }),
]);
export type SteeringCommand = z.infer<typeof steeringCommand>;

/** A command as an update carries it: who asks, for the ledger. The update's name is the command's action. */
export type SteeringRequest = SteeringCommand & { readonly actor: string };
