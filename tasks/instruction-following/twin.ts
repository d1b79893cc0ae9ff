import type { Random } from '../../contracts/task';
import { nouns } from '../grade-school-math/words';
import { drawInteger, drawOne } from '../random';
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

const given: readonly Given[] = [
  {
    kind: 'length_constraints:number_words',
    draw: (random) => ({ num_words: drawInteger(random, 3, 6), relation: 'at least' }),
    say: (fields) => `At least ${count(fields, 'num_words')} words.`,
    order: 0,
    keep: (answer, fields) => answer + ' so'.repeat(count(fields, 'num_words')),
  },
  {
    kind: 'keywords:existence',
    draw: (random) => ({ keywords: [drawOne(random, ['red', 'old', 'big', 'new'])] }),
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
    draw: (random) => ({ end_phrase: drawOne(random, ['Bye.', 'Done.', 'The end.']) }),
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

/** A request with one or two instructions, in the fields of an IFEval row, and a response that keeps them. */
export interface TwinRow {
  readonly key: string;
  readonly prompt: string;
  readonly instruction_id_list: readonly InstructionKind[];
  readonly kwargs: readonly InstructionFields[];
  readonly response: string;
}

function drawDifferent(random: Random): Given[] {
  const first = drawOne(random, given);
  const second = drawOne(random, given);
  return first === second ? [first] : [first, second].sort((a, b) => a.order - b.order);
}

export function drawRow(random: Random): TwinRow {
  const subject = drawOne(random, nouns).trim();
  const chosen = drawDifferent(random);
  const kwargs = chosen.map(({ draw }) => draw(random));
  const words = chosen.map(({ say }, index) => say(kwargs[index] ?? {}));
  const opening = drawOne(random, ['Write about', 'Tell me of', 'A text on', 'Words on']);
  const prompt = `${opening} ${subject}. ${words.join(' ')}`;
  const response = chosen.reduce(
    (answer, { keep }, index) => keep(answer, kwargs[index] ?? {}),
    `${subject} ok`,
  );
  return { key: prompt, prompt, instruction_id_list: chosen.map(({ kind }) => kind), kwargs, response };
}
