import { isRecord } from '../../core/is-record';
import type { Message } from '../messages';
import { type Fields, isAbsent, refuse, type Row } from './row';
import { changesTurn } from './unread';

/** One turn; `weight`: 0 if it is not to be learnt. */
export interface Turn extends Message {
  readonly weight?: number;
}

/** What files call the speakers of a dialogue, in lower case. */
export const rolesOf: Readonly<Record<Message['role'], readonly string[]>> = {
  system: ['system', 'developer'],
  user: ['user', 'human', 'prompter'],
  assistant: ['assistant', 'gpt', 'chatgpt', 'bot', 'chatbot', 'ai', 'model'],
};

const toolRoles = [
  'tool',
  'function',
  'function_call',
  'tool_call',
  'tool_response',
  'observation',
  'ipython',
];

const withoutTools = 'Remove dialogues that call tools: only texts of system, user and assistant are learnt.';

function roleOf(value: unknown, field: string): Message['role'] {
  const name = typeof value === 'string' ? value.trim().toLowerCase() : '';
  for (const role of ['system', 'user', 'assistant'] as const) if (rolesOf[role].includes(name)) return role;
  if (toolRoles.includes(name)) return refuse(field, `is "${name}", a turn of a tool`, withoutTools);
  const accepted = Object.values(rolesOf).flat().join(', ');
  const remedy = `Write turns as { "role", "content" } or { "from", "value" }, with a role of ${accepted}.`;
  if (value === undefined || value === null || value === '') return refuse(field, 'is missing', remedy);
  if (typeof value !== 'string') return refuse(field, 'is not a text', remedy);
  return refuse(field, `is none of ${accepted}`, 'Rename the role in the file.');
}

const textTypes = ['text', 'input_text', 'output_text'];

function textOfPart(part: unknown, field: string): string {
  if (typeof part === 'string') return part;
  const { type = 'text', text } = isRecord(part) ? part : {};
  const isText = typeof type === 'string' && textTypes.includes(type);
  if (isText && typeof text === 'string') return text;
  const what = isText || typeof type !== 'string' ? '' : ` but "${type}"`;
  return refuse(field, `is not text${what}`, 'Remove such rows: only text is learnt.');
}

/** A turn's text; parts of a list are joined by a line break. */
function contentOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return refuse(field, 'is missing', 'Give each turn a text.');
  if (Array.isArray(value))
    return value.map((part, index) => textOfPart(part, `${field}[${index}]`)).join('\n');
  return textOfPart(value, field);
}

/** Fields that say whether a turn is to be learnt: of OpenAI, of Axolotl, of ms-swift. */
const weightKeys = ['weight', 'train', 'training', 'loss'];

/** 0 where a turn says that it is not to be learnt. */
function weightOf(turn: Fields, field: string): number {
  const given = weightKeys.filter((key) => !isAbsent(turn[key]));
  const weights = given.map((key) => {
    const number = Number(turn[key]);
    if (number === 0 || number === 1) return number;
    return refuse(`${field}.${key}`, 'is neither 0 nor 1', `Use 1, or remove the ${key}: turns count alike.`);
  });
  return weights.includes(0) ? 0 : 1;
}

const readKeys = ['role', 'from', 'content', 'value', ...weightKeys];

/** Refuses what would be lost, and notes what is not used. */
function checkKeys(row: Row, turn: Fields, field: string): void {
  for (const [key, value] of Object.entries(turn)) {
    if (readKeys.includes(key) || isAbsent(value) || row.leftOut.includes(key)) continue;
    if (changesTurn(key) && value !== false)
      refuse(
        `${field}.${key}`,
        'is not read, and it changes what the turn says',
        `Remove such rows, or leave the field out on purpose: --column-mapping unused=${key}.`,
      );
    row.noteUnread(`${field.replace(/\[\d+\]$/, '[]')}.${key}`);
  }
}

function readTurn(row: Row, value: unknown, field: string): Turn {
  if (!isRecord(value))
    return refuse(field, 'is not a turn', 'Write each turn as { "role", "content" } or { "from", "value" }.');
  const roleKey = 'from' in value && !('role' in value) ? 'from' : 'role';
  const contentKey = 'value' in value && !('content' in value) ? 'value' : 'content';
  const role = roleOf(value[roleKey], `${field}.${roleKey}`);
  checkKeys(row, value, field);
  const content = contentOf(value[contentKey], `${field}.${contentKey}`);
  return { role, content, weight: weightOf(value, field) };
}

/** Turns that were written as text, as CSV has them: JSON, or the words of a Python program. */
const turnsAsText = /^\[?\s*\{\s*['"](?:role|from|content|value)['"]\s*:/;

function parseTurns(text: string, field: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return refuse(
      field,
      'holds turns that are not JSON',
      'Write the column with json.dumps (Python’s str() is not JSON), or write JSON Lines or Parquet.',
    );
  }
}

/** A field's turns, from a list, a single turn or JSON text; undefined where it is a plain text. */
export function turnsOf(row: Row, field: string, value: unknown): Turn[] | undefined {
  const read =
    typeof value === 'string' && turnsAsText.test(value.trimStart()) ? parseTurns(value, field) : value;
  if (typeof read === 'string') return undefined;
  if (Array.isArray(read)) {
    if (read.length === 0) return refuse(field, 'has no turns', 'Remove the row, or fill in its turns.');
    return read.map((turn, index) => readTurn(row, turn, `${field}[${index}]`));
  }
  if (isRecord(read)) return [readTurn(row, read, field)];
  return refuse(field, 'is not a text', 'Write a text, or a list of turns.');
}

/** A field that must hold turns. */
export function takeTurns(row: Row, field: string): Turn[] {
  const turns = turnsOf(row, field, row.take(field));
  return turns ?? refuse(field, 'is a text, not a list of turns', 'Write a list of { "role", "content" }.');
}
