import type { RowCase } from './check-case';

const chat = (...turns: readonly string[]): string =>
  [...turns.map((text, at) => `${at % 2 === 0 ? 'User' : 'Assistant'}: ${text}`), 'Assistant:'].join('\n\n');
const tree = chat('Name a tree.');
const treePair = { prompt: tree, chosen: ' An oak.', rejected: ' A stone.' };
const plainTree = { prompt: 'Name a tree.', completion: 'An oak.' };
const plainBird = { prompt: 'Name a bird.', completion: 'A wren.' };
const chatTree = { prompt: tree, completion: ' An oak.' };
const briefTree = `System: Be brief.\n\n${tree}`;
const labelled = [
  { ...plainTree, label: true },
  { prompt: 'Name a tree.', completion: 'A stone.', label: false },
];
const [demonstrations, preferences, unpaired] = ['demonstrations', 'preferences', 'unpaired'] as const;

/** Layouts of rows. */
const layouts: readonly RowCase[] = [
  {
    file: 'a01-alpaca-input.jsonl',
    kind: demonstrations,
    rows: [
      { prompt: 'Translate to German.\n\nThe lamp is red.', completion: 'Die Lampe ist rot.' },
      { prompt: 'Translate to German.\n\nThe door is open.', completion: 'Die Tür ist offen.' },
      { prompt: 'Name a fruit.', completion: 'A pear.' },
    ],
  },
  {
    file: 'a01-alpaca-input.jsonl',
    kind: demonstrations,
    columnMapping: { prompt: 'instruction', completion: 'output' },
    rows: [{ prompt: 'Name a fruit.', completion: 'A pear.' }],
    refused: ['1 input', '2 input'],
  },
  {
    file: 'a03-sharegpt.jsonl',
    kind: demonstrations,
    rows: [
      chatTree,
      {
        prompt: `System: Be brief.\n\n${chat('Name a bird.', 'A wren.', 'Another?')}`,
        completion: ' A crow.',
      },
    ],
  },
  { file: 'a05-turns-and-object.jsonl', kind: preferences, rows: [treePair] },
  { file: 'a06-prompt-turns-texts.jsonl', kind: preferences, rows: [treePair] },
  {
    file: 'a07-openai-preference.jsonl',
    kind: preferences,
    rows: [{ ...treePair, prompt: briefTree }],
    unused: { 'input.parallel_tool_calls': 1 },
  },
  { file: 'a08-trl-prompt-completion-turns.jsonl', kind: demonstrations, rows: [chatTree] },
  { file: 'a10-trl-language-modeling.jsonl', kind: demonstrations, refused: ['1 text'] },
  { file: 'a11-trl-stepwise.jsonl', kind: preferences, refused: ['1 labels'] },
  { file: 'a11-trl-stepwise.jsonl', kind: unpaired, refused: ['1 completions'] },
  { file: 'a12-ratings.jsonl', kind: preferences, refused: ['1 chosen', '2 chosen'] },
  {
    file: 'a12-ratings.jsonl',
    kind: preferences,
    columnMapping: { prompt: 'instruction', completions: 'generations', scores: 'ratings' },
    rows: [
      { prompt: 'Name a tree.', chosen: 'An oak.', rejected: 'A stone.' },
      { prompt: 'Name a bird.', chosen: 'A wren.', rejected: 'A plank.' },
    ],
  },
  { file: 'a13-score-tie.jsonl', kind: preferences, refused: ['1 score_rejected', '2 score_rejected'] },
  {
    file: 'a13-score-tie.jsonl',
    kind: preferences,
    rowChecks: { ties: 'drop' },
    refused: ['2 score_rejected'],
  },
  { file: 'a14-label-says-which.jsonl', kind: preferences, refused: ['1 chosen', '2 chosen'] },
  {
    file: 'a14-label-says-which.jsonl',
    kind: preferences,
    columnMapping: {
      prompt: 'history',
      first: 'human_ref_A',
      second: 'human_ref_B',
      first_is_better: 'labels',
      score_first: 'score_A',
      score_second: 'score_B',
    },
    rows: [
      { prompt: 'Name a tree.', chosen: 'An oak.', rejected: 'A stone.' },
      { prompt: 'Name a bird.', chosen: 'A wren.', rejected: 'A plank.' },
    ],
  },
  { file: 'a18-tool-role.jsonl', kind: demonstrations, refused: ['1 messages[1].tool_calls'] },
  { file: 'a19-developer-role.jsonl', kind: demonstrations, rows: [{ ...chatTree, prompt: briefTree }] },
  { file: 'a20-content-parts.jsonl', kind: demonstrations, rows: [chatTree] },
  {
    file: 'a21-weight-zero.jsonl',
    kind: demonstrations,
    rows: [{ prompt: chat('Name a tree.', 'A stone.', 'No, a tree.'), completion: ' An oak.' }],
    refused: ['2 messages'],
  },
  { file: 'a22-human-bot-roles.jsonl', kind: demonstrations, rows: [chatTree] },
  {
    file: 'a23-implicit-texts.jsonl',
    kind: preferences,
    rows: [
      {
        prompt: '\n\nHuman: Is it safe to eat this?\n\nAssistant:',
        chosen: ' I think it is safe if it is cooked.',
        rejected: ' I think it is never safe.',
      },
      {
        prompt: '\n\nHuman: Name a tree.\n\nAssistant:',
        chosen: ' An oak.',
        rejected: ' An oak. Or a stone.',
      },
    ],
    refused: ['3 rejected'],
  },
  {
    file: 'a40-nulls.jsonl',
    kind: demonstrations,
    rows: [plainTree, { prompt: chat('Name a bird.'), completion: ' A wren.' }],
  },
  { file: 'a41-held-out.jsonl', kind: demonstrations, refused: ['1 completion'] },
  {
    file: 'a42-held-out-turns.jsonl',
    kind: demonstrations,
    rows: [{ prompt: chat('Name a tree that loses its leaves.'), completion: ' A beech.' }],
  },
  ...['a43-train-text.jsonl', 'a45-train-instruction.jsonl'].map((file) => ({
    file,
    kind: demonstrations,
    rows: [{ prompt: 'Name a tree that loses its leaves.', completion: 'An oak.' }],
  })),
];

/** Held-out prompts, whatever the layouts of rows and of held-out file. */
const heldOut: readonly RowCase[] = [
  ...['a41-held-out.jsonl', 'a42-held-out-turns.jsonl'].flatMap((leak): RowCase[] => [
    { file: 'a43-train-text.jsonl', kind: demonstrations, heldOut: leak, refused: ['1 prompt'] },
    { file: 'a42-held-out-turns.jsonl', kind: demonstrations, heldOut: leak, refused: ['1 prompt'] },
    { file: 'a45-train-instruction.jsonl', kind: demonstrations, heldOut: leak, refused: ['1 prompt'] },
    {
      file: 'a45-train-instruction.jsonl',
      kind: demonstrations,
      columnMapping: { prompt: 'instruction', completion: 'output' },
      heldOut: leak,
      refused: ['1 prompt'],
    },
  ]),
  {
    file: 'a43-train-text.jsonl',
    kind: demonstrations,
    heldOut: 'p12-empty.parquet',
    refused: ['DATA_INVALID'],
  },
];

/** Containers and encodings. */
const containers: readonly RowCase[] = [
  { file: 'a25-thumbs-pandas.csv', kind: unpaired, rows: labelled },
  {
    file: 'a25-thumbs-pandas.csv',
    kind: demonstrations,
    rows: [plainTree],
    refused: ['3 label'],
    unused: { label: 1 },
  },
  { file: 'a26-latin1.csv', kind: demonstrations, refused: 'anywhere' },
  { file: 'a27-utf16.jsonl', kind: demonstrations, rows: [plainTree] },
  { file: 'a28-bom-crlf.jsonl', kind: demonstrations, rows: [plainTree, plainBird] },
  { file: 'a29-nan.jsonl', kind: preferences, refused: ['1 the line'] },
  {
    file: 'a30-surrogate.jsonl',
    kind: demonstrations,
    rows: [
      { ...plainTree, completion: 'An oak \ud83d' },
      { ...plainBird, completion: 'A wren 🐦' },
    ],
  },
  {
    file: 'a31-nul-control.jsonl',
    kind: demonstrations,
    rows: [{ ...plainTree, completion: 'An\u0000 oak.\u2028Next' }],
  },
  { file: 'a32-semicolon.csv', kind: demonstrations, refused: 'anywhere' },
  {
    file: 'a33-pandas-index.csv',
    kind: demonstrations,
    rows: [plainTree],
    refused: ['3 completion'],
    unused: { '': 2 },
  },
  { file: 'a34-messages-python-repr.csv', kind: demonstrations, refused: ['2 messages'] },
  { file: 'a35-messages-json.csv', kind: demonstrations, rows: [chatTree] },
  { file: 'a36-pretty.json', kind: demonstrations, rows: [plainTree] },
  { file: 'a37-header-spaces.csv', kind: demonstrations, refused: 'anywhere' },
  {
    file: 'p01-messages.parquet',
    kind: preferences,
    rows: [treePair],
    unused: { prompt_id: 1, messages: 1 },
  },
  { file: 'p02-label-int64.parquet', kind: unpaired, rows: labelled },
  { file: 'p04-label-bool.parquet', kind: unpaired, rows: labelled },
  {
    file: 'p07-struct-data.parquet',
    kind: demonstrations,
    columnMapping: { prompt: 'data.question', completion: 'data.answer' },
    rows: [plainTree],
    unused: { made: 1, cost: 1 },
  },
  {
    file: 'p08-null-message.parquet',
    kind: demonstrations,
    rows: [chatTree],
    refused: ['2 prompt', '3 messages[0].content'],
  },
  { file: 'p09-zstd-v2.parquet', kind: demonstrations, rows: [plainTree, plainBird] },
  ...['p05-large-string-dict', 'p06-binary-column', 'p10-brotli', 'p11-lz4', 'p13-string-view'].map(
    (name) => ({
      file: `${name}.parquet`,
      kind: demonstrations,
      rows: [plainTree],
    }),
  ),
  { file: 'p12-empty.parquet', kind: demonstrations, refused: ['1 the file'] },
  { file: 'p14-truncated.parquet', kind: demonstrations, refused: ['DATA_INVALID'] },
];

export const rowCases: readonly RowCase[] = [...layouts, ...heldOut, ...containers];
