/** One chat message. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

const speakers: Readonly<Record<Message['role'], string>> = {
  system: 'System',
  user: 'User',
  assistant: 'Assistant',
};

/** A dialogue as text, one paragraph per message, up to where the next answer begins. */
export function renderPrompt(turns: readonly Message[]): string {
  const said = turns.map(({ role, content }) => `${speakers[role]}: ${content}\n\n`);
  return `${said.join('')}Assistant:`;
}

/**
 * How messages become a prompt. 'transcript': all messages, as the model sees them. 'question': the text of a single user
 * message, for a task's prompt template; dialogues with more messages have no such form.
 */
export type DialogueForm = 'transcript' | 'question';

/** The prompt of some messages; undefined where they do not have this form. */
export function promptOf(turns: readonly Message[], form: DialogueForm): string | undefined {
  if (form === 'transcript') return renderPrompt(turns);
  const [only, ...others] = turns;
  return only?.role === 'user' && others.length === 0 ? only.content : undefined;
}

/** The answer after such a prompt. */
export const answerOf = (content: string, form: DialogueForm): string =>
  form === 'transcript' ? ` ${content}` : content;
