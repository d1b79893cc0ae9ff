import type { TaskData } from '../../schemas/definition';
import type { Problem, ProblemSet, Random } from '../../contracts/task';
import { createRandom, drawInteger, drawOne, hashText } from '../random';
import { gainVerbs, lossVerbs, names, nouns, phrases } from './words';

export type SyntheticData = Extract<TaskData, { source: 'synthetic' }>;

/** One step of a problem: the running count is combined with `by`. */
export interface Operation {
  readonly sign: '+' | '-' | '*';
  readonly by: number;
}

/** What decides a problem's answer; names, nouns and verbs are dressing. */
export interface Skeleton {
  readonly start: number;
  readonly operations: readonly Operation[];
}

export interface SyntheticProblem extends Problem, Skeleton {
  readonly source: 'synthetic';
}

/** One line of arithmetic: `before sign by = after`. */
export interface Step extends Operation {
  readonly before: number;
  readonly after: number;
}

export function applyOperation(value: number, { sign, by }: Operation): number {
  if (sign === '+') return value + by;
  return sign === '-' ? value - by : value * by;
}

/** The problem worked through, each step from the one before. */
export function workSteps({ start, operations }: Skeleton): Step[] {
  let before = start;
  return operations.map((operation) => {
    const step = { ...operation, before, after: applyOperation(before, operation) };
    before = step.after;
    return step;
  });
}

export function skeletonText({ start, operations }: Skeleton): string {
  return `${start}${operations.map(({ sign, by }) => `${sign}${by}`).join('')}`;
}

/**
 * Skeletons fall into sixteen buckets by hash, and every use has buckets of its own: so test, validation, pool and
 * pretraining are disjoint by construction, whatever their seeds and sizes.
 */
const buckets = { test: [0, 2], validation: [2, 3], pool: [3, 9], pretraining: [9, 16] } as const;
export type Use = keyof typeof buckets;

export function isSkeletonOf(use: Use, skeleton: Skeleton): boolean {
  const bucket = hashText(skeletonText(skeleton)) % 16;
  return bucket >= buckets[use][0] && bucket < buckets[use][1];
}

function drawOperation(random: Random): Operation {
  const kind = random();
  if (kind < 0.8) return { sign: kind < 0.4 ? '+' : '-', by: drawInteger(random, 2, 12) };
  return { sign: '*', by: kind < 0.9 ? 2 : 3 };
}

/** Start 2–20, then operations that keep the count within 1–99; an operation that would leave it is drawn again. */
export function drawSkeleton(random: Random, operationCount: number): Skeleton {
  const start = drawInteger(random, 2, 20);
  const operations: Operation[] = [];
  let value = start;
  while (operations.length < operationCount) {
    const operation = drawOperation(random);
    const next = applyOperation(value, operation);
    if (next < 1 || next > 99) continue;
    operations.push(operation);
    value = next;
  }
  return { start, operations };
}

function operationText(random: Random, { sign, by }: Operation): string {
  if (sign === '*') return by === 2 ? phrases.double : phrases.triple;
  if (sign === '+') return `${drawOne(random, gainVerbs)} ${by}${phrases.more}`;
  return `${drawOne(random, lossVerbs)} ${by}${phrases.ofThem}`;
}

/** The question in words, without the line on which the answer begins. */
export function renderQuestion(random: Random, { start, operations }: Skeleton): string {
  const opening = `${phrases.question}${drawOne(random, names)}${phrases.has} ${start}${drawOne(random, nouns)}`;
  const steps = operations.map((operation) => phrases.then + operationText(random, operation));
  return opening + steps.join('') + phrases.ask;
}

/** Target format: ` 17-11=6; 6+4=10 #### 10`. */
export function renderAnswer(steps: readonly Step[]): string {
  const lines = steps.map(({ before, sign, by, after }) => `${before}${sign}${by}=${after}`);
  return ` ${lines.join('; ')}${phrases.final} ${steps.at(-1)?.after ?? ''}`;
}

function drawProblem(random: Random, id: string, skeleton: Skeleton): SyntheticProblem {
  const prompt = `${renderQuestion(random, skeleton)}\n${phrases.answer}`;
  const expected = String(workSteps(skeleton).at(-1)?.after);
  return { source: 'synthetic', id, prompt, target: expected, ...skeleton };
}

/** The question alone, without what every prompt begins and ends with. */
export function syntheticQuestion({ prompt }: SyntheticProblem): string {
  return prompt.slice(phrases.question.length, -`\n${phrases.answer}`.length).trim();
}

/** Problems of one use, every skeleton and so every text once. */
function drawProblems(data: SyntheticData, use: 'pool' | 'validation' | 'test'): SyntheticProblem[] {
  const random = createRandom('grade-school-math', data.seed, use);
  const seen = new Set<string>();
  const problems: SyntheticProblem[] = [];
  while (problems.length < data[use]) {
    const skeleton = drawSkeleton(random, drawInteger(random, 2, 4));
    const text = skeletonText(skeleton);
    if (!isSkeletonOf(use, skeleton) || seen.has(text)) continue;
    seen.add(text);
    problems.push(drawProblem(random, `${use}-${String(problems.length).padStart(5, '0')}`, skeleton));
  }
  return problems;
}

/** The twin's problems: a pure function of `data`. A larger pool begins with the smaller one. */
export function generateSynthetic(data: SyntheticData): ProblemSet<SyntheticProblem> {
  return {
    pool: drawProblems(data, 'pool'),
    validation: drawProblems(data, 'validation'),
    test: drawProblems(data, 'test'),
    excluded: {},
  };
}
