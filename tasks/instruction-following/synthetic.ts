import type { Random } from '../../contracts/task';
import { randomInteger, randomChoice } from '../random';
import { things } from '../words';
import type { InstructionKind } from './instructions';
import type { InstructionFields } from './instructions/fields';

/** An instruction of synthetic prompts. */
interface SyntheticInstruction {
  readonly kind: InstructionKind;
  /** Generates its fields. */
  readonly generate: (random: Random) => InstructionFields;
  /** Its words in a prompt. */
  readonly describe: (fields: InstructionFields) => string;
  /** Applied in ascending order; instructions that wrap the whole text come last. */
  readonly order: number;
  /** Makes a text follow it. */
  readonly apply: (text: string, fields: InstructionFields) => string;
}

const plain = () => ({});
const text = (fields: InstructionFields, name: string): string => String(fields[name]);
const count = (fields: InstructionFields, name: string): number => Number(fields[name]);

const keywords =
  'red old big new hot cold wet dry far near long short high low soft hard dark light fast slow rich poor loud calm kind wild young tall thin wide deep flat warm cool pale bold firm plain proud quick'.split(
    ' ',
  );
const endings = ['Bye.', 'Done.', 'The end.', 'So long.', 'Good day.', 'Thanks.', 'Take care.', 'Well done.'];

const syntheticInstructions: readonly SyntheticInstruction[] = [
  {
    kind: 'length_constraints:number_words',
    generate: (random) => ({ num_words: randomInteger(random, 3, 14), relation: 'at least' }),
    describe: (fields) => `At least ${count(fields, 'num_words')} words.`,
    order: 0,
    apply: (answer, fields) => answer + ' so'.repeat(count(fields, 'num_words')),
  },
  {
    kind: 'keywords:existence',
    generate: (random) => ({ keywords: [randomChoice(random, keywords)] }),
    describe: (fields) => `Say ${String((fields['keywords'] as string[])[0])}.`,
    order: 1,
    apply: (answer, fields) => `${answer} ${String((fields['keywords'] as string[])[0])}`,
  },
  {
    kind: 'punctuation:no_comma',
    generate: plain,
    describe: () => 'No commas.',
    order: 2,
    apply: (answer) => answer,
  },
  {
    kind: 'detectable_format:title',
    generate: plain,
    describe: () => 'Add a title in << >>.',
    order: 3,
    apply: (answer) => `<<Title>>${answer}`,
  },
  {
    kind: 'startend:end_checker',
    generate: (random) => ({ end_phrase: randomChoice(random, endings) }),
    describe: (fields) => `End with ${text(fields, 'end_phrase')}`,
    order: 4,
    apply: (answer, fields) => `${answer} ${text(fields, 'end_phrase')}`,
  },
  {
    kind: 'startend:quotation',
    generate: plain,
    describe: () => 'Use "quotes" around it.',
    order: 5,
    apply: (answer) => `"${answer}"`,
  },
];

/** An IFEval row with one to three instructions, and a response that follows them. */
export interface SyntheticRow {
  readonly key: string;
  readonly prompt: string;
  readonly instruction_id_list: readonly InstructionKind[];
  readonly kwargs: readonly InstructionFields[];
  readonly response: string;
  /** The response without its subject. */
  readonly pattern: string;
}

function chooseDistinct(random: Random): SyntheticInstruction[] {
  const chosen = Array.from({ length: 3 }, () => randomChoice(random, syntheticInstructions));
  return [...new Set(chosen)].sort((a, b) => a.order - b.order);
}

export function generateRow(random: Random): SyntheticRow {
  const subject = randomChoice(random, things);
  const chosen = chooseDistinct(random);
  const kwargs = chosen.map(({ generate }) => generate(random));
  const words = chosen.map(({ describe }, index) => describe(kwargs[index] ?? {}));
  const opening = randomChoice(random, ['Write about', 'Tell me of', 'A text on', 'Words on']);
  const prompt = `${opening} ${subject}. ${words.join(' ')}`;
  const applyAll = (text: string): string =>
    chosen.reduce((answer, { apply }, index) => apply(answer, kwargs[index] ?? {}), text);
  const texts = { prompt, response: applyAll(`${subject} ok`), pattern: applyAll('') };
  return { key: prompt, ...texts, instruction_id_list: chosen.map(({ kind }) => kind), kwargs };
}
