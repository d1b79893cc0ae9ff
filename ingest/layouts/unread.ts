import { refuse, type Row } from './row';

/** Columns that change what a row says: to lose one is to learn something else. */
const meaningful: readonly string[] = [
  ...['prompt', 'instruction', 'input', 'context', 'passage', 'document', 'documents'],
  ...['system', 'system_prompt', 'developer', 'history', 'weight', 'sample_weight'],
  ...['tools', 'functions', 'tool_calls', 'tool_call', 'function_call', 'tool_choice'],
  ...[
    'reasoning',
    'reasoning_content',
    'thinking',
    'thought',
    'thoughts',
    'rationale',
    'chain_of_thought',
    'cot',
  ],
  ...['image', 'images', 'audio', 'audios', 'video', 'videos', 'chat_template_kwargs'],
];

/** Fields whose text a column may stand before. */
const [asking, answering] = [
  ['prompt', 'instruction'],
  ['completion', 'output'],
];

/** Columns that may stand before the prompt or the answer as text. */
const joinable: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      'instruction',
      'input',
      'context',
      'passage',
      'document',
      'system',
      'system_prompt',
      'developer',
      'history',
    ].map((name) => [name, asking]),
  ),
  ...Object.fromEntries(
    [
      'reasoning',
      'reasoning_content',
      'thinking',
      'thought',
      'thoughts',
      'rationale',
      'chain_of_thought',
      'cot',
    ].map((name) => [name, answering]),
  ),
};

/** "data.Input" → "input". */
const bareName = (name: string): string => name.trim().toLowerCase().split('.').at(-1) ?? '';

function remedyFor(row: Row, name: string): string {
  const field = joinable[bareName(name)]?.find((each) => row.read.includes(each));
  const out = `leave it out on purpose: --column-mapping "unused=${name}"`;
  if (field === undefined) return `Remove such rows, or ${out}.`;
  return `Make it part of a text, e.g. --column-mapping "${field}=${name}+${field}", or ${out}.`;
}

const isHarmless = (row: Row, name: string): boolean => {
  const value = row.peek(name);
  if (value === false) return true;
  return /weight$/.test(bareName(name)) && Number(value) === 1;
};

/** Refuses columns that change the row's meaning and that no reader took. */
export function checkUnread(row: Row): void {
  const lost = row.unread.find((name) => meaningful.includes(bareName(name)) && !isHarmless(row, name));
  if (lost !== undefined) refuse(lost, 'is not read, and it changes what the row says', remedyFor(row, lost));
}
