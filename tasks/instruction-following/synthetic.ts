import type { Random } from '../../contracts/task';
import { drawInteger, drawOne } from '../random';
import { things } from '../words';
import type { InstructionKind } from './instructions';
import type { InstructionFields } from './instructions/fields';

/** An instruction that the twin gives: how it is drawn and said, and how a text is made to keep it. */
interface Given {
  readonly kind: InstructionKind;
  readonly draw: (random: Random) => InstructionFields;
  readonly say: (fields: InstructionFields) => string;
  /** Smaller ones are applied first: what wraps the whole comes last. */
  readonly order: number;
  readonly keep: (text: string, fields: InstructionFields) => string;
}

const plain = () => ({});
const text = (fields: InstructionFields, name: string): string => String(fields[name]);
const count = (fields: InstructionFields, name: string): number => Number(fields[name]);

const keywords =
  'red old big new hot cold wet dry far near long short high low soft hard dark light fast slow rich poor loud calm kind wild young tall thin wide deep flat warm cool pale bold firm plain proud quick'.split(
    ' ',
  );
const endings = ['Bye.', 'Done.', 'The end.', 'So long.', 'Good day.', 'Thanks.', 'Take care.', 'Well done.'];

const given: readonly Given[] = [
  {
    kind: 'length_constraints:number_words',
    draw: (random) => ({ num_words: drawInteger(random, 3, 14), relation: 'at least' }),
    say: (fields) => `At least ${count(fields, 'num_words')} words.`,
    order: 0,
    keep: (answer, fields) => answer + ' so'.repeat(count(fields, 'num_words')),
  },
  {
    kind: 'keywords:existence',
    draw: (random) => ({ keywords: [drawOne(random, keywords)] }),
    say: (fields) => `Say ${String((fields['keywords'] as string[])[0])}.`,
    order: 1,
    keep: (answer, fields) => `${answer} ${String((fields['keywords'] as string[])[0])}`,
  },
  {
    kind: 'punctuation:no_comma',
    draw: plain,
    say: () => 'No commas.',
    order: 2,
    keep: (answer) => answer,
  },
  {
    kind: 'detectable_format:title',
    draw: plain,
    say: () => 'Add a title in << >>.',
    order: 3,
    keep: (answer) => `<<Title>>${answer}`,
  },
  {
    kind: 'startend:end_checker',
    draw: (random) => ({ end_phrase: drawOne(random, endings) }),
    say: (fields) => `End with ${text(fields, 'end_phrase')}`,
    order: 4,
    keep: (answer, fields) => `${answer} ${text(fields, 'end_phrase')}`,
  },
  {
    kind: 'startend:quotation',
    draw: plain,
    say: () => 'Use "quotes" around it.',
    order: 5,
    keep: (answer) => `"${answer}"`,
  },
];

/** A request with one to three instructions, in the fields of an IFEval row, and a response that keeps them. */
export interface SyntheticRow {
  readonly key: string;
  readonly prompt: string;
  readonly instruction_id_list: readonly InstructionKind[];
  readonly kwargs: readonly InstructionFields[];
  readonly response: string;
  /** The response without its subject. */
  readonly pattern: string;
}

function drawDifferent(random: Random): Given[] {
  const drawn = Array.from({ length: 3 }, () => drawOne(random, given));
  return [...new Set(drawn)].sort((a, b) => a.order - b.order);
}

export function drawRow(random: Random): SyntheticRow {
  const subject = drawOne(random, things);
  const chosen = drawDifferent(random);
  const kwargs = chosen.map(({ draw }) => draw(random));
  const words = chosen.map(({ say }, index) => say(kwargs[index] ?? {}));
  const opening = drawOne(random, ['Write about', 'Tell me of', 'A text on', 'Words on']);
  const prompt = `${opening} ${subject}. ${words.join(' ')}`;
  const keepAll = (text: string): string =>
    chosen.reduce((answer, { keep }, index) => keep(answer, kwargs[index] ?? {}), text);
  const texts = { prompt, response: keepAll(`${subject} ok`), pattern: keepAll('') };
  return { key: prompt, ...texts, instruction_id_list: chosen.map(({ kind }) => kind), kwargs };
}
