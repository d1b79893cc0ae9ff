import { answerOf, type DialogueForm, promptOf, renderPrompt } from '../messages';
import type { Prompt } from './prompts';
import { systemTurns } from './prompts';
import { refuse, type Row } from './row';
import { type Turn, turnsOf } from './turns';

/** What an answer answers, and the answer. */
interface Answered {
  readonly field: string;
  readonly asked: readonly Turn[];
  readonly isChat: boolean;
  readonly answer: string;
}

const isBlank = ({ content }: Turn): boolean => content.trim() === '';
const isSame = (a: Turn, b: Turn): boolean => a.role === b.role && a.content.trim() === b.content.trim();

/** Whether turns hold the question, and not the answer alone. */
export const holdsQuestion = (turns: readonly Turn[]): boolean => turns.some(({ role }) => role === 'user');

const beginsWith = (turns: readonly Turn[], beginning: readonly Turn[]): boolean =>
  beginning.every((turn, index) => turns[index] !== undefined && isSame(turns[index], turn));

/** An answer's turns after the prompt's, which many files repeat in the answer. */
function joinTurns(prompt: Prompt, turns: readonly Turn[], field: string): readonly Turn[] {
  if (!holdsQuestion(turns)) return [...prompt.turns, ...turns];
  const repeated = 'Write the prompt once: in its own column, or in the answers.';
  if (!prompt.isChat) {
    const [{ content }] = prompt.turns as [Turn];
    const isAsked = turns.some((turn) => isSame(turn, { role: 'user', content }));
    return isAsked ? turns : refuse(prompt.field, `is not in the dialogue of "${field}"`, repeated);
  }
  if (beginsWith(turns, prompt.turns)) return turns;
  const systems = prompt.turns.filter(({ role }) => role === 'system');
  const others = prompt.turns.filter(({ role }) => role !== 'system');
  if (beginsWith(turns, others)) return [...systems, ...turns];
  if (prompt.turns.at(-1)?.role !== 'user') return [...prompt.turns, ...turns];
  return refuse(field, `begins with another question than "${prompt.field}"`, repeated);
}

/** The turns before the last, and the last as the answer. */
export function splitDialogue(turns: readonly Turn[], field: string): Answered {
  const last = turns.at(-1);
  const asked = turns.slice(0, -1).filter((turn) => turn.role !== 'system' || !isBlank(turn));
  if (last?.role !== 'assistant' || asked.length === 0)
    return refuse(
      field,
      'does not end in an answer of the assistant',
      'End the dialogue with a turn of the role "assistant".',
    );
  if (asked.some(isBlank)) return refuse(field, 'has an empty turn', 'Fill it in, or remove the row.');
  if (last.weight === 0)
    return refuse(
      field,
      'ends in an answer of weight 0, which is not to be learnt',
      'Remove the row, or end the dialogue with the answer to learn.',
    );
  return { field, asked, isChat: true, answer: last.content };
}

/** An answer to a prompt: a text, a turn, or turns. */
export function answerTo(
  row: Row,
  prompt: Prompt,
  { field, value }: { field: string; value: unknown },
): Answered {
  const turns = turnsOf(row, field, value);
  if (turns !== undefined) return splitDialogue(joinTurns(prompt, turns, field), field);
  return { field, asked: prompt.turns, isChat: prompt.isChat, answer: value as string };
}

/** Adds the system text of a column of its own. */
function withSystem(row: Row, asked: readonly Turn[]): readonly Turn[] {
  const systems = systemTurns(row);
  const added = systems.filter((system) => !asked.some((turn) => isSame(turn, system)));
  if (added.length > 0 && asked.some(({ role }) => role === 'system'))
    return refuse(
      'system',
      'differs from the system turn of the dialogue',
      'Keep one of them, or leave the column out on purpose: --column-mapping unused=system.',
    );
  return [...added, ...asked];
}

/** Marks the fields that repeat a turn, as "prompt" does in many files of dialogues. */
function takeRepeated(row: Row, asked: readonly Turn[]): void {
  for (const name of ['prompt', 'instruction']) {
    const content = row.peek(name);
    if (typeof content === 'string' && asked.some((turn) => isSame(turn, { role: 'user', content })))
      row.take(name);
  }
}

export interface AnsweredTexts {
  readonly prompt: string;
  readonly answers: readonly string[];
}

/** The texts of answers to one prompt: plain texts as they are, chats in the form that the model sees. */
export function renderAnswers(row: Row, all: readonly Answered[], form: DialogueForm): AnsweredTexts {
  const [first, ...others] = all as [Answered, ...Answered[]];
  for (const other of others)
    if (renderPrompt(first.asked) !== renderPrompt(other.asked))
      refuse(
        other.field,
        `answers another dialogue than "${first.field}"`,
        'Give both the same turns except the last.',
      );
  takeRepeated(row, first.asked);
  const asked = withSystem(row, first.asked);
  const answers = all.map(({ answer }) => answer);
  if (!all.some(({ isChat }) => isChat))
    return { prompt: asked.map(({ content }) => content).join('\n\n'), answers };
  const prompt = promptOf(asked, form);
  if (prompt === undefined)
    return refuse(
      first.field,
      'has more than one message before the answer',
      'Remove such rows, or use the prompts as they are (applyTaskTemplate: false).',
    );
  return { prompt, answers: answers.map((answer) => answerOf(answer, form)) };
}
