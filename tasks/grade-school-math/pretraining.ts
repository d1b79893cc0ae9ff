import type { Problem, Random } from '../../contracts/task';
import { createRandom, drawInteger, drawOne } from '../random';
import {
  applyOperation,
  drawSkeleton,
  isSkeletonOf,
  renderAnswer,
  renderQuestion,
  type Skeleton,
  workSteps,
} from './synthetic';
import { countTokens, phrases } from './words';

/** Shares of documents by kind; they are normalised to 1. */
export interface PretrainingMix {
  /** Question with the bare number. */
  readonly shortAnswer: number;
  /** Several such questions in a row, which teaches running on. */
  readonly questionList: number;
  /** Worked solution in a format other than the asked one: the skill that tuning can bring out. */
  readonly worked: number;
  readonly drill: number;
  /** The asked format. */
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
  /** Longest document in tokens, end of sequence not counted; longer ones are drawn again. */
  readonly maxTokens?: number;
}

const latentCue = `\n${phrases.work}`;

/** Worked steps in the pretrained format: ` 17-11 is 6. 6+4 is 10. Answer 10`. */
function renderWork(skeleton: Skeleton): string {
  const steps = workSteps(skeleton);
  const lines = steps.map(({ before, sign, by, after }) => ` ${before}${sign}${by}${phrases.is} ${after}.`);
  return `${lines.join('')}${phrases.latentFinal} ${steps.at(-1)?.after ?? ''}`;
}

/** The problem's question, put so that the base answers in the format it was pretrained on. */
export function latentPrompt(problem: Problem): string {
  return problem.prompt.slice(0, problem.prompt.lastIndexOf('\n')) + latentCue;
}

/** The number that an answer in the pretrained format ends with; null where it never gets there. */
export function latentAnswer(text: string): string | null {
  return /Answer (-?\d+)/.exec(text)?.[1] ?? null;
}

function drawFreeSkeleton(random: Random, operations: number): Skeleton {
  for (;;) {
    const skeleton = drawSkeleton(random, operations);
    // Problems of a definition have two operations at least: single ones are nobody's.
    if (operations === 1 || isSkeletonOf('pretraining', skeleton)) return skeleton;
  }
}

const drawOperationCount = (random: Random): number => drawInteger(random, 1, 4);

function shortAnswer(random: Random, operations = drawOperationCount(random)): string {
  const skeleton = drawFreeSkeleton(random, operations);
  return `${renderQuestion(random, skeleton)}\n${phrases.answer} ${workSteps(skeleton).at(-1)?.after ?? ''}`;
}

function questionList(random: Random): string {
  const questions = Array.from({ length: drawInteger(random, 2, 4) }, () =>
    shortAnswer(random, drawInteger(random, 1, 3)),
  );
  return questions.join('\n');
}

function worked(random: Random): string {
  const skeleton = drawFreeSkeleton(random, drawOperationCount(random));
  return renderQuestion(random, skeleton) + latentCue + renderWork(skeleton);
}

function drillLine(random: Random, equals: string): string {
  for (;;) {
    const before = drawInteger(random, 1, 99);
    const sign = drawOne(random, ['+', '-', '*'] as const);
    const by = sign === '*' ? drawInteger(random, 2, 3) : drawInteger(random, 2, 12);
    const after = applyOperation(before, { sign, by });
    if (after >= 1 && after <= 99) return `${before}${sign}${by}${equals}${after}`;
  }
}

function drill(random: Random): string {
  const [equals, end] = random() < 0.5 ? ['=', '; '] : [`${phrases.is} `, '. '];
  return Array.from({ length: drawInteger(random, 2, 8) }, () => drillLine(random, equals)).join(end);
}

function target(random: Random): string {
  const skeleton = drawFreeSkeleton(random, drawOperationCount(random));
  return `${renderQuestion(random, skeleton)}\n${phrases.answer}${renderAnswer(workSteps(skeleton))}`;
}

const writers: Record<keyof PretrainingMix, (random: Random) => string> = {
  shortAnswer,
  questionList,
  worked,
  drill,
  target,
};

function drawKind(random: Random, mix: PretrainingMix): keyof PretrainingMix {
  const kinds = Object.keys(writers) as (keyof PretrainingMix)[];
  let left = random() * kinds.reduce((sum, kind) => sum + mix[kind], 0);
  return kinds.find((kind) => (left -= mix[kind]) < 0) ?? 'shortAnswer';
}

/**
 * Documents that the embedded base is pretrained on. Document n is a pure function of (seed, mix, n); none holds a
 * skeleton that any twin's pool, validation or test set can hold.
 */
export function* pretrainingDocuments(options: PretrainingOptions): Generator<string, void> {
  const { seed, documents, mix = defaultPretrainingMix, maxTokens = 95 } = options;
  for (let index = 0; index < documents; index += 1) {
    const random = createRandom('pretraining', seed, index);
    const write = writers[drawKind(random, mix)];
    let text = write(random);
    while (countTokens(text) > maxTokens) text = write(random);
    yield text;
  }
}
