import { z } from 'zod';
import { conversation, type ChatMessage } from '../../schemas/chat';
import type { ChatTemplate } from '../io/chat-template';

type Fields = Readonly<Record<string, unknown>>;

/** A prompt, and the turns of each answer by its field in the row. */
interface Dialogue {
  readonly prompt: readonly ChatMessage[];
  readonly answers: Readonly<Record<string, readonly ChatMessage[]>>;
}

/** A fault of a row, with its field. */
class ChatFault extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

const answerFields = ['completion', 'chosen', 'rejected'] as const;
const textFields = ['prompt', ...answerFields] as const;

function readTurns(row: Fields, field: string): ChatMessage[] {
  const parsed = conversation.safeParse(row[field]);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ChatFault([field, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'malformed');
}

/** The last turn is the answer, the turns before it are the prompt. */
function splitMessages(messages: readonly ChatMessage[]): Dialogue {
  const prompt = messages.slice(0, -1);
  if (prompt.length === 0) throw new ChatFault('messages', 'needs a turn before the answer');
  return { prompt, answers: { completion: messages.slice(-1) } };
}

const sameTurn = (a: ChatMessage, b: ChatMessage | undefined): boolean =>
  a.role === b?.role && a.content === b.content;

/** Two conversations without a field "prompt": it is their common prefix. */
function splitCommon(chosen: readonly ChatMessage[], rejected: readonly ChatMessage[]): Dialogue {
  const differs = chosen.findIndex((turn, index) => !sameTurn(turn, rejected[index]));
  const shared = differs < 0 ? chosen.length : differs;
  if (shared === 0)
    throw new ChatFault('chosen', 'has no first turn in common with "rejected", and there is no "prompt"');
  const answers = { chosen: chosen.slice(shared), rejected: rejected.slice(shared) };
  return { prompt: chosen.slice(0, shared), answers };
}

function readDialogue(row: Fields): Dialogue {
  if ('messages' in row) return splitMessages(readTurns(row, 'messages'));
  if (!('prompt' in row) && 'chosen' in row && 'rejected' in row)
    return splitCommon(readTurns(row, 'chosen'), readTurns(row, 'rejected'));
  const answers = answerFields.filter((field) => field in row);
  return {
    prompt: readTurns(row, 'prompt'),
    answers: Object.fromEntries(answers.map((field) => [field, readTurns(row, field)])),
  };
}

function checkAnswer(field: string, turns: readonly ChatMessage[]): void {
  const [first, last] = [turns[0], turns.at(-1)];
  if (first === undefined) throw new ChatFault(field, 'is a prefix of the other answer');
  if (first.role !== 'assistant')
    throw new ChatFault(field, `has an answer with the role "${first.role}"; it must be "assistant"`);
  if (last?.content.trim() === '') throw new ChatFault(field, 'has an empty answer');
}

function renderTurns(template: ChatTemplate, turns: readonly ChatMessage[], opening: boolean): string {
  try {
    return template.render(turns, { opening });
  } catch (error) {
    throw new ChatFault(
      '',
      `the model's chat template rejects the conversation: ${(error as Error).message}`,
    );
  }
}

/** The text that the template adds to the prompt for an answer, without line ends after the end-of-sequence token. */
function renderAnswer(
  template: ChatTemplate,
  { prompt, text }: { prompt: Dialogue['prompt']; text: string },
) {
  return ([field, turns]: [string, readonly ChatMessage[]]): [string, string] => {
    checkAnswer(field, turns);
    const whole = renderTurns(template, [...prompt, ...turns], false);
    if (!whole.startsWith(text))
      throw new ChatFault(
        field,
        "the model's chat template changes the text of the prompt when an answer follows",
      );
    const answer = whole.slice(text.length);
    const trimmed = answer.trimEnd();
    const ends = template.endOfSequence !== null && trimmed.endsWith(template.endOfSequence);
    return [field, ends ? trimmed : answer];
  };
}

function renderRow(row: Fields, template: ChatTemplate | null): Fields {
  if (!('messages' in row) && !textFields.some((field) => Array.isArray(row[field]))) return row;
  const { prompt, answers } = readDialogue(row);
  if (template === null)
    throw new ChatFault(
      '',
      'has messages, but the model has no chat template; write prompt and answer as text',
    );
  const text = renderTurns(template, prompt, true);
  const texts = Object.entries(answers).map(renderAnswer(template, { prompt, text }));
  const others = Object.entries(row).filter(([field]) => field !== 'messages');
  return Object.fromEntries([...others, ['prompt', text], ...texts]);
}

/**
 * Rows of text, or of messages that the model's chat template renders: `messages` (the last turn is the answer); `prompt`
 * with `completion`, `chosen` or `rejected`; or `chosen` and `rejected` with a common prefix.
 */
export function textRows<Row>(schema: z.ZodType<Row>, template: ChatTemplate | null): z.ZodType<Row> {
  return z.unknown().transform((content, context): Row => {
    const issue = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    try {
      const isRow = typeof content === 'object' && content !== null && !Array.isArray(content);
      const parsed = schema.safeParse(isRow ? renderRow(content as Fields, template) : content);
      if (parsed.success) return parsed.data;
      for (const { path, message } of parsed.error.issues) issue(path, message);
    } catch (error) {
      if (!(error instanceof ChatFault)) throw error;
      issue(error.field === '' ? [] : [error.field], error.message);
    }
    return z.NEVER;
  });
}
