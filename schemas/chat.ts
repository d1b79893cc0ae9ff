import { z } from 'zod';

/** One turn of a conversation. Roles are whatever the model's chat template knows: system, user, assistant … */
export const chatMessage = z.strictObject({ role: z.string().min(1), content: z.string() });
export type ChatMessage = z.infer<typeof chatMessage>;

/**
 * Where a row's text may stand as messages instead, rendered by the model's own chat template: `prompt`, `completion`,
 * `chosen`, `rejected`, or all turns together as `messages`.
 */
export const conversation = z.array(chatMessage).min(1);
