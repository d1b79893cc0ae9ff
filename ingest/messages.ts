import { z } from 'zod';

/** A turn of a dialogue, as chat data has it. */
export const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type Message = z.infer<typeof message>;
export const messages = z.array(message).min(1);

const speakers: Readonly<Record<Message['role'], string>> = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
};

/** A dialogue as text, a turn a paragraph, up to where the next answer begins. */
export function renderPrompt(turns: readonly Message[]): string {
  const said = turns.map(({ role, content }) => `${speakers[role]}: ${content}\n\n`);
  return `${said.join('')}Assistant:`;
}

/** An answer behind such a prompt. */
export const renderAnswer = (content: string): string => ` ${content}`;
