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

/** A way in which a kind of data is written down: the fields that tell it, and how it is read. */
interface Shape {
  readonly fields: readonly string[];
  /** Applies where each of these holds a list. */
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
    read(given, form) {
      const parsed = schema.safeParse(given);
      if (parsed.success) return read(parsed.data, form);
      const faults = parsed.error.issues.map((issue) => ({
        field: fieldText(issue.path),
        reason: issueText(issue, given),
        remedy: `Give the row ${fields.join(', ')} of the right type, or name its fields with --map.`,
      }));
      return { faults };
    },
  };
}

const text = z.string();
const someText = text.refine((value) => value.trim() !== '', 'is empty');

/** Turns up to the last, which must be an answer; undefined where it is none. */
function splitDialogue(turns: readonly Message[]): { asked: Message[]; answer: string } | undefined {
  const last = turns.at(-1);
  if (last?.role !== 'assistant' || turns.length < 2) return undefined;
  return { asked: turns.slice(0, -1), answer: last.content };
}

const noAnswer = (field: string): Shaped =>
  fault(
    field,
    'does not end in an answer of the assistant to somebody',
    'End the dialogue with a turn of the role "assistant".',
  );

/** Characters that both texts begin with, up to the end of a word. */
function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length += 1;
  const shared = a.slice(0, length);
  return length === a.length || length === b.length ? shared : upToWordEnd(shared);
}

const noBarePrompt = (field: string): Shaped =>
  fault(
    field,
    'has more turns before the answer than one question',
    'Leave such rows out, or take the prompts of the file whole (prompts: "whole").',
  );

function demonstrationOf(turns: readonly Message[], form: DialogueForm): Shaped {
  const dialogue = splitDialogue(turns);
  if (dialogue === undefined) return noAnswer('messages');
  const prompt = promptOf(dialogue.asked, form);
  if (prompt === undefined) return noBarePrompt('messages');
  return { texts: { prompt, completion: answerOf(dialogue.answer, form) } };
}

function pairOfDialogues(
  chosen: readonly Message[],
  rejected: readonly Message[],
  form: DialogueForm,
): Shaped {
  const [good, bad] = [splitDialogue(chosen), splitDialogue(rejected)];
  if (good === undefined || bad === undefined) return noAnswer(good === undefined ? 'chosen' : 'rejected');
  if (promptOf(good.asked, 'whole') !== promptOf(bad.asked, 'whole'))
    return fault(
      'rejected',
      'answers another dialogue than "chosen"',
      'Give both the same turns but the last.',
    );
  const prompt = promptOf(good.asked, form);
  if (prompt === undefined) return noBarePrompt('chosen');
  const [better, worse] = [answerOf(good.answer, form), answerOf(bad.answer, form)];
  return { texts: { prompt, chosen: better, rejected: worse } };
}

function pairOfWholeTexts(chosen: string, rejected: string): Shaped {
  const prompt = commonStart(chosen, rejected);
  if (prompt.trim() === '')
    return fault(
      'prompt',
      'is missing, and "chosen" and "rejected" have no beginning in common',
      'Give the row a prompt.',
    );
  return { texts: { prompt, chosen: chosen.slice(prompt.length), rejected: rejected.slice(prompt.length) } };
}

/** Best against worst: the pair that a ranking says most about. */
function bestAndWorst({
  prompt,
  completions,
  ranks,
}: {
  prompt: string;
  completions: string[];
  ranks?: number[] | undefined;
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
    return fault('ranks', 'prefers none of the completions', 'Leave rows without a preference out.');
  return { texts: { prompt, chosen: best, rejected: worst } };
}

const likes = ['true', '1', 'yes', 'up'];
const dislikes = ['false', '0', 'no', 'down'];

/** A label as programs write it: true, "True", 1, "1.0", "yes". */
const label = z.unknown().transform((value, context): boolean => {
  const written = ['boolean', 'number', 'string'].includes(typeof value) ? String(value) : '';
  const word = written
    .trim()
    .toLowerCase()
    .replace(/^([01])\.0*$/, '$1');
  if (likes.includes(word)) return true;
  if (!dislikes.includes(word)) context.addIssue(`is none of ${[...likes, ...dislikes].join(', ')}`);
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
    shape(z.object({ chosen: text, rejected: text }), (row) => pairOfWholeTexts(row.chosen, row.rejected), {
      fields: ['chosen', 'rejected'],
    }),
  ],
  unpaired: [
    shape(z.object({ prompt: someText, completion: text, label }), (texts) => ({ texts }), {
      fields: ['prompt', 'completion', 'label'],
    }),
  ],
};

const fits = ({ fields, lists }: Shape, given: Fields): boolean =>
  fields.every((name) => given[name] !== undefined && given[name] !== null) &&
  lists.every((name) => Array.isArray(given[name]));

/**
 * Reads one record as the first shape whose fields it has. Demonstrations: { messages } or { prompt, completion }.
 * Preferences: { prompt, chosen, rejected } as texts or as turns, { chosen, rejected } with the prompt in both, or
 * { prompt, completions } best first, or with ranks (1 is best). Thumbs: { prompt, completion, label }.
 */
export function readShape(kind: DataKind, fields: Fields, form: DialogueForm = 'whole'): Shaped {
  const known = shapes[kind];
  const found = known.find((each) => fits(each, fields));
  if (found !== undefined) return found.read(fields, form);
  const wanted = [...new Set(known.map((each) => each.fields.join(', ')))].join('; or ');
  const missing =
    known.at(-1)?.fields.find((name) => fields[name] === undefined || fields[name] === null) ?? 'the row';
  return fault(missing, 'is missing', `Rows of ${kind} have ${wanted}. Name other fields with --map.`);
}
