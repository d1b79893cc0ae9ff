import { z } from 'zod';

/** One turn of a conversation, with a role that the model's chat template knows: system, user, assistant … */
export const chatMessage = z.strictObject({ role: z.string().min(1), content: z.string() });
export type ChatMessage = z.infer<typeof chatMessage>;

/**
 * Messages instead of text, rendered by the model's chat template. Allowed for `prompt`, `completion`, `chosen` and
 * `rejected`, or as `messages` for the whole conversation.
 */
export const conversation = z.array(chatMessage).min(1);
