import { answerTo, renderAnswers, splitDialogue } from './dialogues';
import type { Layout } from './layout';
import { alpacaPrompt, dialogueField, hasAlpacaPrompt, type Prompt, readPrompt } from './prompts';
import { type Row, refuse } from './row';
import { takeTurns } from './turns';
import type { DialogueForm } from '../messages';

interface Demonstration {
  readonly prompt: string;
  readonly completion: string;
}

function readAnswer(
  row: Row,
  { prompt, field, form }: { prompt: Prompt; field: string; form: DialogueForm },
): Demonstration {
  const answered = answerTo(row, prompt, { field, value: row.take(field) });
  const { prompt: text, answers } = renderAnswers(row, [answered], form);
  return { prompt: text, completion: answers[0] ?? '' };
}

const dialogue = (field: 'messages' | 'conversations', name: string): Layout<Demonstration> => ({
  name,
  fields: field,
  fits: (row) => row.isFilled(field),
  read(row, form) {
    const answered = splitDialogue(takeTurns(row, field), field);
    const { prompt, answers } = renderAnswers(row, [answered], form);
    return { prompt, completion: answers[0] ?? '' };
  },
});

/** Layouts of a prompt and one answer, in the order in which they are tried. */
export const demonstrationLayouts: readonly Layout<Demonstration>[] = [
  {
    name: 'prompt and completion',
    fields: 'prompt, completion',
    fits: (row) =>
      row.has('completion') &&
      (row.has('prompt') || hasAlpacaPrompt(row) || dialogueField(row) !== undefined),
    read(row, form) {
      const prompt = readPrompt(row);
      if (prompt === undefined) return refuse('prompt', 'is empty', 'Fill it in, or remove the row.');
      return readAnswer(row, { prompt, field: 'completion', form });
    },
  },
  dialogue('messages', 'dialogue'),
  dialogue('conversations', 'ShareGPT'),
  {
    name: 'Alpaca',
    fields: 'instruction, input, output',
    fits: (row) => hasAlpacaPrompt(row) && row.has('output'),
    read: (row, form) => readAnswer(row, { prompt: alpacaPrompt(row), field: 'output', form }),
  },
];
