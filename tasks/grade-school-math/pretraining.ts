import type { Problem, Random } from '../../contracts/task';
import { createRandom } from '../../core/random';
import { randomInteger, randomChoice } from '../random';
import {
  applyOperation,
  generateComputation,
  isComputationOf,
  renderAnswer,
  renderQuestion,
  type Computation,
  workSteps,
} from './synthetic';
import { countTokens, phrases } from './words';

/** Weights of documents by kind; normalised to 1. */
export interface PretrainingMix {
  /** Question with the number only. */
  readonly shortAnswer: number;
  /** Several such questions in a row, which teaches the base model to continue with new questions. */
  readonly questionList: number;
  /** Worked solution in another format than the requested one: a latent skill that tuning can elicit. */
  readonly worked: number;
  /** Lines of arithmetic. */
  readonly drill: number;
  /** The requested format. */
  readonly target: number;
}

export const defaultPretrainingMix: PretrainingMix = {
  shortAnswer: 0.45,
  questionList: 0.1,
  worked: 0.25,
  drill: 0.18,
  target: 0.02,
};

export interface PretrainingOptions {
  readonly seed: number;
  readonly documents: number;
  readonly mix?: PretrainingMix;
  /** Longest document in tokens, without end of sequence; longer ones are generated anew. Default: 95. */
  readonly maxTokens?: number;
}

const latentCue = `\n${phrases.work}`;

/** Worked steps in the pretrained format: ` 17-11 is 6. 6+4 is 10. Answer 10`. */
function renderWork(computation: Computation): string {
  const steps = workSteps(computation);
  const lines = steps.map(({ before, sign, by, after }) => ` ${before}${sign}${by}${phrases.is} ${after}.`);
  return `${lines.join('')}${phrases.latentFinal} ${steps.at(-1)?.after ?? ''}`;
}

/** The problem's question with the cue of the pretrained format. */
export function latentPrompt(problem: Problem): string {
  return problem.prompt.slice(0, problem.prompt.lastIndexOf('\n')) + latentCue;
}

/** The final number of an answer in the pretrained format; null where it has none. */
export function latentAnswer(text: string): string | null {
  return /Answer (-?\d+)/.exec(text)?.[1] ?? null;
}

function generateUnusedComputation(random: Random, operations: number): Computation {
  for (;;) {
    const computation = generateComputation(random, operations);
    // Problems of a definition have at least two operations, so single ones are always free.
    if (operations === 1 || isComputationOf('pretraining', computation)) return computation;
  }
}

const randomOperationCount = (random: Random): number => randomInteger(random, 1, 4);

function shortAnswer(random: Random, operations = randomOperationCount(random)): string {
  const computation = generateUnusedComputation(random, operations);
  return `${renderQuestion(random, computation)}\n${phrases.answer} ${workSteps(computation).at(-1)?.after ?? ''}`;
}

function questionList(random: Random): string {
  const questions = Array.from({ length: randomInteger(random, 2, 4) }, () =>
    shortAnswer(random, randomInteger(random, 1, 3)),
  );
  return questions.join('\n');
}

function worked(random: Random): string {
  const computation = generateUnusedComputation(random, randomOperationCount(random));
  return renderQuestion(random, computation) + latentCue + renderWork(computation);
}

function drillLine(random: Random, equals: string): string {
  for (;;) {
    const before = randomInteger(random, 1, 99);
    const sign = randomChoice(random, ['+', '-', '*'] as const);
    const by = sign === '*' ? randomInteger(random, 2, 3) : randomInteger(random, 2, 12);
    const after = applyOperation(before, { sign, by });
    if (after >= 1 && after <= 99) return `${before}${sign}${by}${equals}${after}`;
  }
}

function drill(random: Random): string {
  const [equals, end] = random() < 0.5 ? ['=', '; '] : [`${phrases.is} `, '. '];
  return Array.from({ length: randomInteger(random, 2, 8) }, () => drillLine(random, equals)).join(end);
}

function target(random: Random): string {
  const computation = generateUnusedComputation(random, randomOperationCount(random));
  return `${renderQuestion(random, computation)}\n${phrases.answer}${renderAnswer(workSteps(computation))}`;
}

const writers: Record<keyof PretrainingMix, (random: Random) => string> = {
  shortAnswer,
  questionList,
  worked,
  drill,
  target,
};

function chooseKind(random: Random, mix: PretrainingMix): keyof PretrainingMix {
  const kinds = Object.keys(writers) as (keyof PretrainingMix)[];
  let left = random() * kinds.reduce((sum, kind) => sum + mix[kind], 0);
  return kinds.find((kind) => (left -= mix[kind]) < 0) ?? 'shortAnswer';
}

/**
 * Pretraining documents of the embedded base model. Document n is a pure function of (seed, mix, n); none contains a
 * computation that a pool, validation or test set can contain.
 */
export function* pretrainingDocuments(options: PretrainingOptions): Generator<string, void> {
  const { seed, documents, mix = defaultPretrainingMix, maxTokens = 95 } = options;
  for (let index = 0; index < documents; index += 1) {
    const random = createRandom('pretraining', seed, index);
    const write = writers[chooseKind(random, mix)];
    let text = write(random);
    while (countTokens(text) > maxTokens) text = write(random);
    yield text;
  }
}
