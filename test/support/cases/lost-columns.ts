import { type LayoutVariant, wordsOf, writerOf } from './words';

const kind = 'demonstrations';

const lost: Readonly<Record<string, readonly unknown[]>> = {
  input: ['The lamp is red.', 7],
  context: ['A paragraph.'],
  weight: [0, 0.5, '0'],
  tools: [[{ type: 'function' }], '[{"type": "function"}]'],
  tool_calls: [[{ id: 'c' }]],
  functions: [[{ name: 'f' }]],
  reasoning: ['First, …'],
  reasoning_content: ['First, …'],
  thinking: ['First, …'],
  images: [['a.png']],
  Input: ['The lamp is red.'],
  'System Message': ['Be brief.'],
  toolCalls: [[{ id: 'c' }]],
  'reasoning-trace': ['First, …'],
};

const lostFromDialogues = { ...lost, instruction: ['Do this.'], prompt: ['Another question?'] };

/** Columns that change what a row says, next to each layout that does not read them. */
export function lostColumnVariants(): LayoutVariant[] {
  const { ask, good, bad, pick } = wordsOf('lost', 0);
  const turn = writerOf(pick);
  const dialogue = [turn('user', ask), turn('assistant', good)];
  const bases = [
    { kind, record: { prompt: ask, completion: good }, columns: lost },
    { kind, record: { messages: dialogue }, columns: lostFromDialogues },
    { kind: 'preferences', record: { prompt: ask, chosen: good, rejected: bad }, columns: lost },
    { kind: 'unpaired', record: { prompt: ask, completion: good, label: true }, columns: lost },
  ] as const;
  return bases.flatMap((base) =>
    Object.entries(base.columns as Record<string, readonly unknown[]>).flatMap(([name, values]) =>
      values.map((value) => ({
        title: `${base.kind}: ${name} ${JSON.stringify(value)}`,
        kind: base.kind,
        record: { ...base.record, [name]: value },
        refused: name,
      })),
    ),
  );
}

/** Fields of a turn that change what it says, and speakers that are not read. */
export function lostTurnVariants(): LayoutVariant[] {
  const fields = [
    'tool_calls',
    'function_call',
    'reasoning',
    'reasoning_content',
    'thinking',
    'images',
    'refusal',
    'toolCalls',
    'reasoningContent',
  ];
  const roles = ['tool', 'function', 'observation', 'function_call', 'narrator', '', 'ipython'];
  const contents = [null, [{ type: 'image_url', image_url: 'x' }], [{ type: 'audio' }], { parts: [] }, 7];
  const dialogue = (change: object) => [
    { role: 'user', content: 'Why?' },
    { role: 'assistant', content: 'So.', ...change },
  ];
  const refusals = [
    ...fields.map((name) => [{ [name]: ['x'] }, name] as const),
    ...roles.map((role) => [{ role }, 'role'] as const),
    ...contents.map((content, at) => [{ content }, at === 1 || at === 2 ? 'content[0]' : 'content'] as const),
    ...['weight', 'train', 'training', 'loss'].map((name) => [{ [name]: 0.5 }, name] as const),
  ];
  return refusals.map(([change, field]) => ({
    title: `turn with ${JSON.stringify(change)}`,
    kind,
    record: { messages: dialogue(change) },
    refused: `messages[1].${field}`,
  }));
}
