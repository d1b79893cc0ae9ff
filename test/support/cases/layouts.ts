import { createRandom } from '../../../core/random';
import { asked, type LayoutVariant, maybeJson, pickWith, type Words, wordsOf, writerOf } from './words';

type Maker = (words: Words) => Omit<LayoutVariant, 'title'>;

const kind = 'demonstrations';
const demonstrations: Readonly<Record<string, Maker>> = {
  texts: ({ ask, good }) => ({
    kind,
    record: { prompt: ask, completion: good },
    texts: { prompt: ask, completion: good },
  }),
  turns: ({ pick, ask, good }) => {
    const turn = writerOf(pick);
    const completion = pick([[turn('assistant', good)], turn('assistant', good), good]);
    return {
      kind,
      record: { prompt: maybeJson(pick, [turn('user', ask)]), completion },
      texts: { prompt: asked(ask), completion: ` ${good}` },
    };
  },
  dialogue: ({ pick, ask, good, bad, system }) => {
    const turn = writerOf(pick);
    const field = pick(['messages', 'conversations']);
    const turns = [turn('system', system), turn('user', ask), turn('assistant', bad), turn('user', ask)];
    const dialogue = [...turns, turn('assistant', good)];
    const prompt = `System: ${system}\n\n${asked(ask)} ${bad}\n\n${asked(ask)}`;
    return {
      kind,
      record: { [field]: maybeJson(pick, dialogue) },
      texts: { prompt, completion: ` ${good}` },
    };
  },
  alpaca: ({ pick, ask, good, bad }) => {
    const input = pick([bad, '', null, undefined, '<noinput>']);
    const prompt = input === bad ? `${ask}\n\n${input}` : ask;
    return { kind, record: { instruction: ask, input, output: good }, texts: { prompt, completion: good } };
  },
  'alpaca with history': ({ pick, ask, good, bad, system }) => ({
    kind,
    record: { instruction: ask, output: good, system, history: maybeJson(pick, [[ask, bad]]) },
    texts: {
      prompt: `System: ${system}\n\n${asked(ask)} ${bad}\n\n${asked(ask)}`,
      completion: ` ${good}`,
    },
  }),
  'system and prompt': ({ pick, ask, good, system }) => ({
    kind,
    record: { [pick(['system', 'system_prompt'])]: system, prompt: ask, completion: good },
    texts: { prompt: `${system}\n\n${ask}`, completion: good },
  }),
  'columns of one text': ({ pick, ask, good, bad }) => {
    const [first, second] = [pick(['frage', 'task.ask']), pick(['kontext', 'stoff'])];
    const record = first === 'frage' ? { frage: ask } : { task: { ask } };
    return {
      kind,
      record: { ...record, [second]: pick([bad, '']), antwort: good },
      columnMapping: { prompt: [first, second], completion: 'antwort' },
    };
  },
};

const marks = [
  ['\n\nHuman: ', '\n\nAssistant:'],
  ['User: ', '\nAssistant:'],
  ['### Instruction:\n', '\n\n### Response:\n'],
  ['<|im_start|>user\n', '<|im_end|>\n<|im_start|>assistant\n'],
  ['[INST] ', ' [/INST]'],
  ['USER: ', ' ASSISTANT:'],
] as const;

const pairs: Readonly<Record<string, Maker>> = {
  'texts or turns': ({ pick, ask, good, bad }) => {
    const turn = writerOf(pick);
    const [field, question] = pick([
      ['prompt', [turn('user', ask)]],
      ['messages', [turn('user', ask)]],
      ['conversations', [turn('user', ask)]],
    ] as const);
    const write = pick([
      (text: string) => text,
      (text: string) => turn('assistant', text),
      (text: string) => [turn('assistant', text)],
      (text: string) => JSON.stringify([turn('assistant', text)]),
      (text: string) => [turn('user', ask), turn('assistant', text)],
    ] as const);
    return {
      kind: 'preferences',
      record: { [field]: question, chosen: write(good), rejected: write(bad) },
      texts: { prompt: asked(ask), chosen: ` ${good}`, rejected: ` ${bad}` },
    };
  },
  'implicit turns': ({ pick, ask, good, bad }) => {
    const turn = writerOf(pick);
    const write = (text: string) => [turn('user', ask), turn('assistant', text)];
    return {
      kind: 'preferences',
      record: { chosen: write(good), rejected: write(bad), ...pick([{}, { prompt: ask }]) },
      texts: { prompt: asked(ask), chosen: ` ${good}`, rejected: ` ${bad}` },
    };
  },
  OpenAI: ({ pick, ask, good, bad }) => {
    const turn = writerOf(pick);
    return {
      kind: 'preferences',
      record: {
        input: { messages: [turn('user', ask)], tools: [], parallel_tool_calls: true },
        preferred_output: [turn('assistant', good)],
        non_preferred_output: [turn('assistant', bad)],
      },
      texts: { prompt: asked(ask), chosen: ` ${good}`, rejected: ` ${bad}` },
    };
  },
  'implicit text': ({ pick, ask, good, bad }) => {
    const [user, assistant] = pick(marks);
    const prompt = `${pick(['', `${user}Hi.${assistant} Hello.\n`])}${user}${ask}${assistant}`;
    const [chosen, rejected] = pick([
      [` ${good}`, ` ${bad}`],
      [` ${good}`, ` ${good} ${bad}`],
    ] as const);
    return {
      kind: 'preferences',
      record: { chosen: prompt + chosen, rejected: prompt + rejected },
      texts: { prompt, chosen, rejected },
    };
  },
};

const make = (name: string, makers: Readonly<Record<string, Maker>>, count: number): LayoutVariant[] =>
  Object.entries(makers).flatMap(([title, maker]) =>
    Array.from({ length: count }, (_, seed) => ({
      title: `${name}: ${title} ${seed}`,
      ...maker(wordsOf(`${name} ${title}`, seed)),
    })),
  );

const withExpectedJoin = (variant: LayoutVariant): LayoutVariant => {
  if (variant.texts !== undefined) return variant;
  const { record } = variant;
  const task = record['task'] as { ask: string } | undefined;
  const parts = [record['frage'] ?? task?.ask, record['kontext'] ?? record['stoff']];
  const prompt = parts.filter((part) => part !== '').join('\n\n');
  return { ...variant, texts: { prompt, completion: record['antwort'] } };
};

const labels = {
  true: [true, 1, 1n, '1', '1.0', 'True', ' TRUE ', 'yes', 'up', 'chosen', 'Good', 1.0],
  false: [false, 0, 0n, '0', '0.0', 'False', 'FALSE', 'No', 'down', 'rejected', 'bad'],
} as const;

function withLabel(variant: LayoutVariant, seed: number): LayoutVariant {
  const pick = pickWith(createRandom('labels', seed));
  const label = pick([true, false]);
  const { record, texts } = variant;
  const field = pick(['label', 'label', 'kto_tag']);
  return {
    ...variant,
    kind: 'unpaired',
    title: `unpaired ${variant.title}`,
    record: { ...record, [field]: pick(labels[label ? 'true' : 'false'] as readonly unknown[]) },
    texts: { ...texts, label },
  };
}

/** 24 variants of each layout. */
export function layoutVariants(): LayoutVariant[] {
  const plain = make('demonstrations', demonstrations, 24).map(withExpectedJoin);
  return [...plain, ...plain.map(withLabel), ...make('preferences', pairs, 24)];
}
