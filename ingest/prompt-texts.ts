import { isRecord } from '../core/is-record';
import { unitsOf } from '../text/normalize';
import type { Compared } from '../text/overlap';
import { mapColumns } from './column-mapping';
import { type Fields, readShape, type Texts } from './shapes';
import { type Speaker, speakerOf, type Turn, turnsOfText } from './transcript';
import { dataKinds } from './types';

/** The texts that a record is compared by with held-out prompts. */
export interface PromptTexts {
  /** The question that is answered: of a dialogue the last one. */
  readonly questions: readonly string[];
  /** Questions in earlier turns of a dialogue. */
  readonly earlier: readonly string[];
  /** All of a prompt as one text: with its system turn or instruction, and without. */
  readonly wholes: readonly string[];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/** CSV cells hold lists as JSON text. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== 'string' || !/^\s*\[\s*["{[]/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a turn; of content parts those that are text. */
function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}

/** A list of texts in "turns" has questions alone; elsewhere question and answer take turns. */
function turnsOfTexts(name: string, texts: readonly string[]): Turn[] {
  const speakers: Speaker[] = name === 'turns' ? ['user'] : ['user', 'assistant'];
  return texts.map((text, at) => ({ speaker: speakers[at % speakers.length] ?? 'user', text }));
}

const withoutSpeaker = ['tool', 'function', 'ipython', 'environment'];

const speakerKeys = ['system', 'human', 'user', 'assistant', 'gpt', 'bot'];

/** The turns of one entry of a dialogue: { role, content }, { from, value }, { human, assistant } or [question, answer]. */
function turnsOf(item: unknown): Turn[] {
  if (Array.isArray(item)) return turnsOfTexts('', item.filter(isText));
  if (!isRecord(item)) return [];
  const role = item['role'] ?? item['from'] ?? item['speaker'];
  if (typeof role !== 'string')
    return speakerKeys.flatMap((key) => {
      const text = item[key];
      return isText(text) ? [{ speaker: speakerOf(key), text }] : [];
    });
  if (withoutSpeaker.includes(role)) return [];
  const text = contentOf(item['content'] ?? item['value'] ?? item['text']);
  return text.trim() === '' ? [] : [{ speaker: speakerOf(role), text }];
}

const dialogueFields = [
  'messages',
  'conversations',
  'conversation',
  'dialogue',
  'dialog',
  'turns',
  'history',
];

const hasRole = (item: unknown): boolean => isRecord(item) && ('role' in item || 'from' in item);

/** The turns of a column: in columns of dialogues in any form, in others only with roles. */
function turnsOfColumn(name: string, value: unknown): Turn[] {
  const list = listOf(value) ?? [];
  if (!dialogueFields.includes(name)) return list.filter(hasRole).flatMap(turnsOf);
  return list.every(isText) ? turnsOfTexts(name, list) : list.flatMap(turnsOf);
}

const spokenBy = (turns: readonly Turn[], speaker: Speaker): string[] =>
  turns.filter((turn) => turn.speaker === speaker).map(({ text }) => text);

const nothing: PromptTexts = { questions: [], earlier: [], wholes: [] };

const merge = (parts: readonly PromptTexts[]): PromptTexts => ({
  questions: parts.flatMap(({ questions }) => questions),
  earlier: parts.flatMap(({ earlier }) => earlier),
  wholes: parts.flatMap(({ wholes }) => wholes),
});

/** A dialogue up to its last question. */
function textsOfTurns(turns: readonly Turn[]): PromptTexts {
  const asked = turns.slice(0, turns.map(({ speaker }) => speaker).lastIndexOf('user') + 1);
  const texts = spokenBy(asked, 'user').map(textsOfText);
  const [last = nothing, ...others] = texts.reverse();
  const earlier = others.flatMap((other) => [...other.questions, ...other.earlier]);
  const join = (some: readonly Turn[]): string => some.map(({ text }) => text).join('\n');
  const spoken = asked.filter(({ speaker }) => speaker !== 'system');
  const wholes = asked.length < 2 ? [] : [...new Set([join(asked), join(spoken)])];
  return merge([last, { ...nothing, earlier, wholes }]);
}

/** A text is a question, unless it holds a dialogue. */
function textsOfText(text: string): PromptTexts {
  const turns = turnsOfText(text);
  if (turns.length === 0) return { ...nothing, questions: [text] };
  return merge([textsOfTurns(turns), { ...nothing, wholes: [text] }]);
}

const questionFields = ['prompt', 'question', 'query', 'problem', 'input'];
/** What stands before a question in a column of its own; many records share it. */
const frameFields = ['system', 'system_prompt', 'instruction', 'context', 'passage', 'document', 'article'];
/** Read as questions where a record has no other. */
const lastFields = [
  ...['instruction', 'user', 'human', 'dialogue', 'dialog', 'history'],
  ...['document', 'article', 'text', 'context', 'passage'],
];

/** The fewest words of an input that is compared without its instruction: not "N/A" or a name. */
const fewestWords = 4;

const isFound = ({ questions, wholes }: PromptTexts): boolean => questions.length + wholes.length > 0;

/** Texts in columns: each question alone, and with what stands before it. */
function textsOfColumns(fields: Fields, isDialogue: boolean): PromptTexts {
  const textsIn = (names: readonly string[]): string[] => names.map((name) => fields[name]).filter(isText);
  const asked = textsIn(questionFields);
  if (asked.length === 0)
    return isDialogue ? nothing : merge(textsIn(lastFields).slice(0, 1).map(textsOfText));
  const frames = textsIn(frameFields);
  const parts = [...frames, ...asked];
  if (parts.length === 1) return merge(asked.map(textsOfText));
  const { input } = fields;
  const alone = asked.filter((text) => text !== input || unitsOf(text).length >= fewestWords);
  const framed = alone.map((text) => [...frames, text].join('\n'));
  return merge([...alone.map(textsOfText), { ...nothing, wholes: [...framed, parts.join('\n')] }]);
}

/** Turns with a system prompt in a column of its own. */
function textsOfDialogues(fields: Fields): PromptTexts {
  const systemTurns = [fields['system'], fields['system_prompt']]
    .filter(isText)
    .map((text): Turn => ({ speaker: 'system', text }));
  const dialogues = Object.entries(fields).flatMap(([name, value]) => {
    const turns = turnsOfColumn(name, value);
    if (spokenBy(turns, 'user').length === 0) return [];
    const { questions, earlier, wholes } = textsOfTurns([...systemTurns, ...turns]);
    // A history comes before the question, which is in a column of its own.
    return name === 'history'
      ? [{ ...nothing, earlier: [...questions, ...earlier] }]
      : [{ questions, earlier, wholes }];
  });
  return merge(dialogues);
}

/**
 * The questions of a record in any layout that rows have: texts, instruction and input, turns, dialogues as one text, in
 * columns of the usual names, or nested in one column.
 */
export function promptTextsOf(record: Fields): PromptTexts {
  const fields = Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name.trim().toLowerCase(), value]),
  );
  const turns = textsOfDialogues(fields);
  const found = merge([turns, textsOfColumns(fields, isFound(turns))]);
  return isFound(found) ? found : merge(Object.values(fields).filter(isRecord).map(promptTextsOf));
}

/** The prompt of a row of any kind, for layouts whose prompt is a part of the answers. */
function textsOfRow(record: Fields): PromptTexts {
  const rows = dataKinds.map((kind) => readShape(kind, mapColumns(record, {}), 'question'));
  const prompts = rows.flatMap((row) => ('texts' in row ? [row.texts.prompt] : []));
  return merge(prompts.filter(isText).map(textsOfText));
}

const distinct = (all: readonly Compared[]): Compared[] => [
  ...new Map(all.map((one) => [`${one.by ?? ''} ${one.text}`, one])).values(),
];

/**
 * A held-out record's prompts; none if it has none. Earlier turns of a dialogue are often greetings and are left out.
 * Wholes have no n-grams, because system turns and instructions are shared by design.
 */
export function heldOutTexts(record: Fields): Compared[] {
  const named = promptTextsOf(record);
  const { questions, wholes } = isFound(named) ? named : textsOfRow(record);
  return distinct([
    ...questions.map((text) => ({ text })),
    ...wholes.map((text) => ({ text, by: 'whole' as const })),
  ]);
}

/**
 * A training row's texts: the prompt as the model sees it, each question in it, and the answers by their n-grams. The
 * prompt's n-grams are those of its questions too.
 *
 * @param joined texts of columns that the prompt is made of
 */
export function trainingTexts(
  record: Fields,
  { prompt, ...rest }: Texts,
  joined: readonly string[] = [],
): Compared[] {
  const { questions, earlier, wholes } = merge([
    promptTextsOf(record),
    ...[prompt, record['instruction'], ...joined].filter(isText).map(textsOfText),
  ]);
  const parts = new Set([...questions, ...earlier, ...wholes]);
  parts.delete(prompt);
  const answers = new Set(Object.values(rest).filter(isText));
  return [
    { text: prompt },
    ...[...parts].map((text) => ({ text, by: 'whole' as const })),
    ...[...answers].map((text) => ({ text, by: 'n-grams' as const })),
  ];
}
