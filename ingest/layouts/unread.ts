import { bareName, refuse, type Row } from './row';

/** Columns that belong before the prompt. */
const beforePrompt = [
  ...['instruction', 'input', 'context', 'passage', 'document', 'history'],
  ...['system', 'systemprompt', 'systemmessage', 'systeminstruction', 'customsystemprompt', 'sysprompt'],
  ...['developer', 'developerprompt', 'developermessage'],
];

/** Columns and fields of turns that belong before the answer. */
const beforeAnswer = [
  ...['reasoning', 'reasoningcontent', 'reasoningtext', 'reasoningtrace', 'rationale'],
  ...['thinking', 'thinkingcontent', 'thinkingtrajectory', 'thinkingtrajectories', 'thought', 'thoughts'],
  ...['chainofthought', 'cot', 'scratchpad'],
];

const tools = ['tools', 'functions', 'toolcalls', 'toolcall', 'functioncall'];
const media = ['image', 'images', 'audio', 'audios', 'video', 'videos'];

/** Columns that change what a row says, by their bare names: to lose one is to learn something else. */
const meaningful = [
  ...[...beforePrompt, ...beforeAnswer, ...tools, ...media],
  ...['prompt', 'documents', 'weight', 'sampleweight', 'toolchoice', 'chattemplatekwargs'],
];

/** Fields of a turn that change what it says, by their bare names. */
const meaningfulInTurns = [...beforeAnswer, ...tools, ...media, 'toolcallid', 'refusal', 'prefix'];

/** Whether a turn is another one without this field. */
export const changesTurn = (name: string): boolean => meaningfulInTurns.includes(bareName(name));

/** The field that the row has and whose text a column may stand before. */
function joinedField(row: Row, name: string): string | undefined {
  const bare = bareName(name);
  const fields = [
    ...(beforePrompt.includes(bare) ? ['prompt', 'instruction'] : []),
    ...(beforeAnswer.includes(bare) ? ['completion', 'output'] : []),
  ];
  return fields.find((field) => row.read.includes(field));
}

function remedyFor(row: Row, name: string): string {
  const field = joinedField(row, name);
  const out = `leave it out on purpose: --column-mapping "unused=${name}"`;
  if (field === undefined) return `Remove such rows, or ${out}.`;
  return `Make it part of a text, e.g. --column-mapping "${field}=${name}+${field}", or ${out}.`;
}

const isHarmless = (row: Row, name: string): boolean => {
  const value = row.peek(name);
  return value === false || (/weight$/.test(bareName(name)) && Number(value) === 1);
};

/** Refuses columns that change the row's meaning and that no reader took. */
export function checkUnread(row: Row): void {
  const lost = row.unread.find((name) => meaningful.includes(bareName(name)) && !isHarmless(row, name));
  if (lost !== undefined) refuse(lost, 'is not read, and it changes what the row says', remedyFor(row, lost));
}
