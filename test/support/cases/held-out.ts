import { createRandom } from '../../../core/random';

/** One training row and one held-out record; whether the row holds the record's question. */
export interface LeakCase {
  readonly name: string;
  readonly kind: 'demonstrations' | 'preferences';
  readonly row: object;
  readonly heldOut: object;
  readonly leaks: boolean;
}

type Layout = readonly [name: string, build: (question: string) => object];

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const system = {
  role: 'system',
  content: 'You are a careful helper who answers in one short and plain sentence.',
};
const answer = 'It is hard to say.';
const said = (from: string, value: string) => ({ from, value });

const heldOutLayouts: readonly Layout[] = [
  ['prompt', (text) => ({ id: 7, prompt: text })],
  ['question', (text) => ({ question: text, answer })],
  ['Question in capitals', (text) => ({ Question: text })],
  ['query', (text) => ({ query: text })],
  ['instruction', (text) => ({ instruction: text, output: answer })],
  ['instruction and input', (text) => ({ instruction: 'Answer the question.', input: text })],
  ['system and prompt', (text) => ({ system: system.content, prompt: text })],
  ['messages', (text) => ({ messages: [user(text), assistant(answer)] })],
  ['messages without answer', (text) => ({ messages: [user(text)] })],
  ['messages with system', (text) => ({ messages: [system, user(text), assistant(answer)] })],
  ['messages, last turn', (text) => ({ messages: [user('Hello!'), assistant('Hi.'), user(text)] })],
  ['content parts', (text) => ({ messages: [{ role: 'user', content: [{ type: 'text', text }] }] })],
  ['ShareGPT', (text) => ({ conversations: [said('human', text), said('gpt', answer)] })],
  ['prompt turns', (text) => ({ prompt: [system, user(text)] })],
  ['messages as JSON text', (text) => ({ messages: JSON.stringify([user(text)]) })],
  ['MT-Bench', (text) => ({ question_id: 81, turns: [text] })],
  ['transcript', (text) => ({ prompt: `User: ${text}\n\nAssistant:` })],
  ['Alpaca text', (text) => ({ text: `### Instruction:\n${text}\n\n### Response:\n${answer}` })],
  ['ChatML', (text) => ({ text: `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n` })],
  [
    'pair of dialogues',
    (text) => ({ chosen: [user(text), assistant('a')], rejected: [user(text), assistant('b')] }),
  ],
  [
    'HH',
    (text) => ({
      chosen: `\n\nHuman: ${text}\n\nAssistant: no`,
      rejected: `\n\nHuman: ${text}\n\nAssistant: yes`,
    }),
  ],
  ['speakers as fields', (text) => ({ conversation: [{ human: text, assistant: answer }] })],
  ['texts that take turns', (text) => ({ dialog: ['Hello!', 'Hi.', text, answer] })],
  ['history as a text', (text) => ({ history: text, labels: 1 })],
  ['turns in another column', (text) => ({ chat: [user(text)] })],
  ['prompt and messages', (text) => ({ prompt: text, messages: [user(text), assistant(answer)] })],
  ['nested', (text) => ({ data: { question: text } })],
];

const rowLayouts: readonly (readonly [LeakCase['kind'], ...Layout])[] = [
  ['demonstrations', 'text', (text) => ({ prompt: text, completion: answer })],
  ['demonstrations', 'turns', (text) => ({ messages: [user(text), assistant(answer)] })],
  ['demonstrations', 'turns with system', (text) => ({ messages: [system, user(text), assistant(answer)] })],
  [
    'demonstrations',
    'earlier turn',
    (text) => ({ messages: [user(text), assistant('Why?'), user('I ask.'), assistant(answer)] }),
  ],
  [
    'demonstrations',
    'later turn',
    (text) => ({ messages: [user('Good day.'), assistant('Yes?'), user(text), assistant(answer)] }),
  ],
  [
    'demonstrations',
    'transcript',
    (text) => ({ prompt: `Human: ${text}\n\nAssistant:`, completion: ' No.' }),
  ],
  [
    'demonstrations',
    'system text',
    (text) => ({ prompt: `${system.content}\n\nUser: ${text}\nAI:`, completion: 'x' }),
  ],
  ['preferences', 'pair', (text) => ({ prompt: text, chosen: 'yes', rejected: 'no' })],
  [
    'preferences',
    'pair of turns',
    (text) => ({ prompt: [user(text)], chosen: [assistant('y')], rejected: [assistant('n')] }),
  ],
  [
    'preferences',
    'implicit prompt',
    (text) => ({
      chosen: `\n\nHuman: ${text}\n\nAssistant: yes`,
      rejected: `\n\nHuman: ${text}\n\nAssistant: no`,
    }),
  ],
];

const words = [
  'tree',
  'river',
  'café',
  'forêt',
  'lamp',
  'दिन',
  'stone',
  'wheel',
  'harbour',
  'kettle',
  'été',
  'Türe',
];
const hanzi = Array.from('山水火木金土日月年人口手足目耳花草鸟鱼马牛羊');

/** Other ways to write the same text. */
const rewritings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.normalize('NFD'),
  (text) => text.toUpperCase(),
  (text) => ` ${text.replaceAll(' ', '\n ')}\n`,
  (text) => text.replace('?', ' ?'),
];

/** Seeded cases: each layout of a held-out file with each layout of rows, leaked and clean. */
export function leakCases(seed: number): LeakCase[] {
  const random = createRandom('leak-cases', seed);
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const question = (): string =>
    below(4) === 0
      ? `${Array.from({ length: 9 }, () => pick(hanzi)).join('')}？`
      : `Which ${pick(words)} has ${below(90)} ${pick(words)} near the ${pick(words)} of ${below(9000)}?`;
  return heldOutLayouts.flatMap(([held, heldOut]) =>
    rowLayouts.flatMap(([kind, name, row]) => {
      const [asked, other] = [question(), question()];
      const rewrite = pick(rewritings);
      const common = { kind, heldOut: heldOut(asked) };
      return [
        { ...common, name: `${held} leaks into ${name}`, row: row(rewrite(asked)), leaks: true },
        { ...common, name: `${held} is not in ${name}`, row: row(rewrite(other)), leaks: asked === other },
      ];
    }),
  );
}
