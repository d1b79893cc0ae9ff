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
function renderPrompt(turns: readonly Message[]): string {
  const said = turns.map(({ role, content }) => `${speakers[role]}: ${content}\n\n`);
  return `${said.join('')}Assistant:`;
}

/**
 * How dialogues become text. "whole": all turns, as the model sees them. "bare": the one question and the answer alone,
 * for whoever puts them into words of its own; a dialogue of more turns has no such form.
 */
export type DialogueForm = 'whole' | 'bare';

/** The prompt that turns make; undefined where they have no form of this kind. */
export function promptOf(turns: readonly Message[], form: DialogueForm): string | undefined {
  if (form === 'whole') return renderPrompt(turns);
  const [only, ...others] = turns;
  return only?.role === 'user' && others.length === 0 ? only.content : undefined;
}

/** An answer behind such a prompt. */
export const answerOf = (content: string, form: DialogueForm): string =>
  form === 'whole' ? ` ${content}` : content;
