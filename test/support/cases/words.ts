import { createRandom } from '../../../core/random';
import type { ColumnMapping, DataKind } from '../../../ingest';

/** A generated record, and what is right for it: its texts, the field that is refused, or "tie". */
export interface LayoutVariant {
  readonly title: string;
  readonly kind: DataKind;
  readonly record: Readonly<Record<string, unknown>>;
  readonly columnMapping?: ColumnMapping;
  readonly texts?: object;
  readonly refused?: string;
  readonly tie?: boolean;
}

export type Pick = <T>(from: readonly T[]) => T;

const nouns = [
  'heron',
  'maple',
  'kettle',
  'harbour',
  'violin',
  'glacier',
  'lantern',
  'copper',
  'meadow',
  'ferry',
];
const asks = [
  'Describe the',
  'What is a',
  'Name a use of the',
  'Où est le',
  'Explain in two lines:\nthe',
  'Zeichne die',
];
const says = ['It is old:', 'Perhaps', 'Yes,', 'Öfter', 'I would say', 'Look at'];

export const pickWith =
  (random: () => number): Pick =>
  (from) =>
    from[Math.floor(random() * from.length)]!;

export interface Words {
  readonly pick: Pick;
  readonly ask: string;
  readonly good: string;
  readonly bad: string;
  readonly system: string;
}

export function wordsOf(name: string, seed: number): Words {
  const pick = pickWith(createRandom(name, seed));
  const text = (starts: readonly string[], end: string): string => `${pick(starts)} ${pick(nouns)}${end}`;
  const [ask, good] = [text(asks, '?'), text(says, '.')];
  return { pick, ask, good, bad: text(says, ', not.'), system: text(['Be like a', 'Speak of the'], '.') };
}

const styles = [
  {
    role: 'role',
    content: 'content',
    users: ['user', 'human', 'User', 'prompter'],
    bots: ['assistant', 'bot', 'GPT'],
  },
  {
    role: 'from',
    content: 'value',
    users: ['human', 'user', 'Human'],
    bots: ['gpt', 'assistant', 'chatgpt', 'model'],
  },
] as const;

/** One way to write turns: keys, names of roles, contents as texts or parts. */
export function writerOf(pick: Pick) {
  const style = pick(styles);
  const names = {
    user: pick(style.users),
    assistant: pick(style.bots),
    system: pick(['system', 'developer']),
  };
  const hasParts = pick([false, false, true]);
  return (role: keyof typeof names, text: string) => ({
    [style.role]: names[role],
    [style.content]: hasParts ? [{ type: 'text', text }] : text,
  });
}

export const asked = (ask: string): string => `User: ${ask}\n\nAssistant:`;
export const maybeJson = (pick: Pick, value: unknown): unknown =>
  pick([true, false]) ? value : JSON.stringify(value);
