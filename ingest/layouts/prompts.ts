import { isRecord } from '../../core/is-record';
import { bareName, isAbsent, refuse, type Row } from './row';
import { takeTurns, type Turn, turnsOf } from './turns';

/** What is asked: turns before the answer. A text is one turn of the user, and no chat. */
export interface Prompt {
  readonly field: string;
  readonly turns: readonly Turn[];
  readonly isChat: boolean;
}

/** Fields that hold a dialogue. */
export const dialogueFields = ['messages', 'conversations'] as const;

/** Columns that usually hold what is asked, by the names that files have for them. */
const askingNames = ['instruction', 'context', 'question', 'query', 'problem', 'request', 'input', 'article'];

/** Columns of a row that may hold its prompt. */
export const askingColumns = (row: Row): string[] =>
  askingNames.flatMap((asking) =>
    row.names.filter((name) => bareName(name) === asking && row.isFilled(name)),
  );

const blankLine = '\n\n';
const textPrompt = (field: string, content: string): Prompt => ({
  field,
  turns: [{ role: 'user', content }],
  isChat: false,
});

function listOf(value: unknown): unknown {
  if (typeof value !== 'string' || !value.trim().startsWith('[')) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Earlier turns: pairs of question and answer, or turns. */
function historyOf(row: Row): Turn[] {
  const value = listOf(row.take('history'));
  if (isAbsent(value)) return [];
  const isPair = (one: unknown): one is [string, string] =>
    Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === 'string');
  if (!Array.isArray(value) || !value.every(isPair)) {
    const turns = turnsOf(row, 'history', value);
    return turns ?? refuse('history', 'is a text, not a list of turns', historyRemedy);
  }
  return value.flatMap(([question, answer]): Turn[] => [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ]);
}

const historyRemedy =
  'Write pairs of question and answer, or put the text into the prompt: --column-mapping prompt=history+prompt.';

function withHistory(row: Row, prompt: Prompt): Prompt {
  if (!row.has('history')) return prompt;
  return { ...prompt, turns: [...historyOf(row), ...prompt.turns], isChat: true };
}

/** OpenAI's `input`: { messages, tools, … }. */
function openAiPrompt(row: Row): Prompt {
  const { messages, tools, functions, ...rest } = row.take('input') as Record<string, unknown>;
  for (const [name, value] of Object.entries({ tools, functions }))
    if (!isAbsent(value) && !row.leftOut.includes(name))
      refuse(`input.${name}`, 'is not read, and models with tools answer differently', toolsRemedy(name));
  for (const [name, value] of Object.entries(rest)) if (!isAbsent(value)) row.noteUnread(`input.${name}`);
  const turns = turnsOf(row, 'input.messages', messages);
  if (turns === undefined) return refuse('input.messages', 'is a text, not a list of turns', 'Write turns.');
  return { field: 'input.messages', turns, isChat: true };
}

export const toolsRemedy = (name: string): string =>
  `Remove such rows, or leave the field out on purpose: --column-mapping unused=${name}.`;

function fieldPrompt(row: Row, field: string): Prompt {
  const value = row.take(field);
  const turns = turnsOf(row, field, value);
  const prompt = turns === undefined ? textPrompt(field, value as string) : { field, turns, isChat: true };
  return withHistory(row, prompt);
}

/** Alpaca: the instruction and, where there is one, the input, joined by a blank line. */
export function alpacaPrompt(row: Row): Prompt {
  const parts = ['instruction', 'input'].filter((name) => row.isFilled(name));
  const text = parts.map((name) => row.takeText(name)).join(blankLine);
  return withHistory(row, textPrompt('instruction', text));
}

export const hasAlpacaPrompt = (row: Row): boolean => row.isFilled('instruction');

/** The field of a row's dialogue. */
export const dialogueField = (row: Row): (typeof dialogueFields)[number] | undefined =>
  dialogueFields.find((name) => row.isFilled(name));

const hasOpenAiPrompt = (row: Row): boolean => {
  const input = row.peek('input');
  return isRecord(input) && 'messages' in input;
};

/** A row's prompt, from the first field that has one. */
export function readPrompt(row: Row): Prompt | undefined {
  if (hasOpenAiPrompt(row)) return openAiPrompt(row);
  if (row.isFilled('prompt')) return fieldPrompt(row, 'prompt');
  const field = dialogueField(row);
  if (field !== undefined) return { field, turns: takeTurns(row, field), isChat: true };
  return hasAlpacaPrompt(row) ? alpacaPrompt(row) : undefined;
}

/** The system text in a column of its own, as turns. */
export function systemTurns(row: Row): Turn[] {
  return ['system', 'system_prompt']
    .filter((name) => row.isFilled(name))
    .map((name): Turn => ({ role: 'system', content: row.takeText(name) }));
}
