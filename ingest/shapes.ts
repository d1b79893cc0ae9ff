import { z } from 'zod';
import { fieldText, issueText } from '../contracts/row-issues';
import { upToWordEnd } from '../text/normalize';
import { answerOf, type DialogueForm, messages, type Message, promptOf } from './messages';
import type { DataKind, FieldFault } from './types';

/** A row's texts, before it has an id. */
export type Texts =
  | { readonly prompt: string; readonly completion: string }
  | { readonly prompt: string; readonly chosen: string; readonly rejected: string }
  | { readonly prompt: string; readonly completion: string; readonly label: boolean };

export type Fields = Readonly<Record<string, unknown>>;
export type Shaped = { readonly texts: Texts } | { readonly faults: readonly FieldFault[] };

/** One layout of a kind of rows: the fields that identify it and its reader. */
interface Shape {
  readonly fields: readonly string[];
  /** Fields that must hold lists. */
  readonly lists: readonly string[];
  read(fields: Fields, form: DialogueForm): Shaped;
}

function fault(field: string, reason: string, remedy: string): Shaped {
  return { faults: [{ field, reason, remedy }] };
}

function shape<Row>(
  schema: z.ZodType<Row>,
  read: (row: Row, form: DialogueForm) => Shaped,
  { fields, lists = [] }: { fields: readonly string[]; lists?: readonly string[] },
): Shape {
  return {
    fields,
    lists,
    read(record, form) {
      const parsed = schema.safeParse(record);
      if (parsed.success) return read(parsed.data, form);
      const faults = parsed.error.issues.map((issue) => ({
        field: fieldText(issue.path),
        reason: issueText(issue, record),
        remedy: `Give the row ${fields.join(', ')} of the right type, or name its columns with --column-mapping.`,
      }));
      return { faults };
    },
  };
}

const text = z.string();
const someText = text.refine((value) => value.trim() !== '', 'is empty');

/** The messages before the last, and the last as the answer; undefined where the assistant does not speak last. */
function splitDialogue(turns: readonly Message[]): { asked: Message[]; answer: string } | undefined {
  const last = turns.at(-1);
  if (last?.role !== 'assistant' || turns.length < 2) return undefined;
  return { asked: turns.slice(0, -1), answer: last.content };
}

const noAnswer = (field: string): Shaped =>
  fault(
    field,
    'does not end in an answer of the assistant',
    'End the dialogue with a message of the role "assistant".',
  );

/** The common prefix of two texts, up to the end of a word. */
function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length += 1;
  const shared = a.slice(0, length);
  return length === a.length || length === b.length ? shared : upToWordEnd(shared);
}

const noSingleQuestion = (field: string): Shaped =>
  fault(
    field,
    'has more than one message before the answer',
    'Remove such rows, or use the prompts as they are (applyTaskTemplate: false).',
  );

function demonstrationOf(turns: readonly Message[], form: DialogueForm): Shaped {
  const dialogue = splitDialogue(turns);
  if (dialogue === undefined) return noAnswer('messages');
  const prompt = promptOf(dialogue.asked, form);
  if (prompt === undefined) return noSingleQuestion('messages');
  return { texts: { prompt, completion: answerOf(dialogue.answer, form) } };
}

function pairOfDialogues(
  chosen: readonly Message[],
  rejected: readonly Message[],
  form: DialogueForm,
): Shaped {
  const [good, bad] = [splitDialogue(chosen), splitDialogue(rejected)];
  if (good === undefined || bad === undefined) return noAnswer(good === undefined ? 'chosen' : 'rejected');
  if (promptOf(good.asked, 'transcript') !== promptOf(bad.asked, 'transcript'))
    return fault(
      'rejected',
      'answers another dialogue than "chosen"',
      'Give both the same messages except the last.',
    );
  const prompt = promptOf(good.asked, form);
  if (prompt === undefined) return noSingleQuestion('chosen');
  const [better, worse] = [answerOf(good.answer, form), answerOf(bad.answer, form)];
  return { texts: { prompt, chosen: better, rejected: worse } };
}

/** A pair with an implicit prompt: the common prefix of both texts. */
function pairOfTexts(chosen: string, rejected: string): Shaped {
  const prompt = commonStart(chosen, rejected);
  if (prompt.trim() === '')
    return fault(
      'prompt',
      'is missing, and "chosen" and "rejected" have no beginning in common',
      'Give the row a prompt.',
    );
  return { texts: { prompt, chosen: chosen.slice(prompt.length), rejected: rejected.slice(prompt.length) } };
}

/** The best completion against the worst: the pair that a ranking is surest about. */
function bestAndWorst({
  prompt,
  completions,
  ranks,
}: {
  prompt: string;
  completions: string[];
  ranks?: number[];
}): Shaped {
  if (ranks !== undefined && ranks.length !== completions.length)
    return fault(
      'ranks',
      `has ${ranks.length} numbers for ${completions.length} completions`,
      'Give each completion a rank.',
    );
  const order = ranks ?? completions.map((_, index) => index);
  const best = completions[order.indexOf(Math.min(...order))];
  const worst = completions[order.lastIndexOf(Math.max(...order))];
  if (best === undefined || worst === undefined || Math.min(...order) === Math.max(...order))
    return fault('ranks', 'prefers none of the completions', 'Remove rows without a preference.');
  return { texts: { prompt, chosen: best, rejected: worst } };
}

const positiveLabels = ['true', '1', 'yes', 'up'];
const negativeLabels = ['false', '0', 'no', 'down'];

/** A label as programs write it: true, "True", 1, "1.0", "yes". */
const label = z.unknown().transform((value, context): boolean => {
  const written = ['boolean', 'number', 'string'].includes(typeof value) ? String(value) : '';
  const word = written
    .trim()
    .toLowerCase()
    .replace(/^([01])\.0*$/, '$1');
  if (positiveLabels.includes(word)) return true;
  if (!negativeLabels.includes(word))
    context.addIssue(`is none of ${[...positiveLabels, ...negativeLabels].join(', ')}`);
  return false;
});

const shapes: Readonly<Record<DataKind, readonly Shape[]>> = {
  demonstrations: [
    shape(z.object({ messages }), ({ messages: turns }, form) => demonstrationOf(turns, form), {
      fields: ['messages'],
      lists: ['messages'],
    }),
    shape(z.object({ prompt: someText, completion: text }), (texts) => ({ texts }), {
      fields: ['prompt', 'completion'],
    }),
  ],
  preferences: [
    shape(
      z.object({ prompt: messages, chosen: messages, rejected: messages }),
      ({ prompt, chosen, rejected }, form) =>
        pairOfDialogues([...prompt, ...chosen], [...prompt, ...rejected], form),
      { fields: ['prompt', 'chosen', 'rejected'], lists: ['prompt', 'chosen', 'rejected'] },
    ),
    shape(
      z.object({ chosen: messages, rejected: messages }),
      (row, form) => pairOfDialogues(row.chosen, row.rejected, form),
      {
        fields: ['chosen', 'rejected'],
        lists: ['chosen', 'rejected'],
      },
    ),
    shape(
      z.object({
        prompt: someText,
        completions: z.array(text).min(2),
        ranks: z.array(z.number()).optional(),
      }),
      bestAndWorst,
      { fields: ['prompt', 'completions'], lists: ['completions'] },
    ),
    shape(z.object({ prompt: someText, chosen: text, rejected: text }), (texts) => ({ texts }), {
      fields: ['prompt', 'chosen', 'rejected'],
    }),
    shape(z.object({ chosen: text, rejected: text }), (row) => pairOfTexts(row.chosen, row.rejected), {
      fields: ['chosen', 'rejected'],
    }),
  ],
  unpaired: [
    shape(z.object({ prompt: someText, completion: text, label }), (texts) => ({ texts }), {
      fields: ['prompt', 'completion', 'label'],
    }),
  ],
};

const fits = ({ fields, lists }: Shape, record: Fields): boolean =>
  fields.every((name) => record[name] !== undefined && record[name] !== null) &&
  lists.every((name) => Array.isArray(record[name]));

/**
 * Reads one record in the first layout whose fields it has. Demonstrations: { messages } or { prompt, completion }.
 * Preferences: { prompt, chosen, rejected } as texts or messages; { chosen, rejected } with an implicit prompt;
 * { prompt, completions }, best first or with ranks (1 is best). Unpaired: { prompt, completion, label }.
 */
export function readShape(kind: DataKind, fields: Fields, form: DialogueForm = 'transcript'): Shaped {
  const known = shapes[kind];
  const found = known.find((each) => fits(each, fields));
  if (found !== undefined) return found.read(fields, form);
  const wanted = [...new Set(known.map((each) => each.fields.join(', ')))].join('; or ');
  const missing =
    known.at(-1)?.fields.find((name) => fields[name] === undefined || fields[name] === null) ?? 'the row';
  return fault(
    missing,
    'is missing',
    `Rows of ${kind} have ${wanted}. Name other columns with --column-mapping.`,
  );
}
