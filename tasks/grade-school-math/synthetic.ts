import type { TaskData } from '../../schemas/definition';
import type { Problem, ProblemSet, Random } from '../../contracts/task';
import { createRandom, hashText } from '../../core/random';
import { randomInteger, randomChoice } from '../random';
import { gainVerbs, lossVerbs, names, nouns, phrases } from './words';

export type SyntheticData = Extract<TaskData, { source: 'synthetic' }>;

/** One step of a problem: combines the running count with `by`. */
export interface Operation {
  readonly sign: '+' | '-' | '*';
  readonly by: number;
}

/** The arithmetic of a problem, which decides its answer; names, nouns and verbs do not. */
export interface Computation {
  readonly start: number;
  readonly operations: readonly Operation[];
}

export interface SyntheticProblem extends Problem, Computation {
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

/** The steps of a computation, each from the result of the one before. */
export function workSteps({ start, operations }: Computation): Step[] {
  let before = start;
  return operations.map((operation) => {
    const step = { ...operation, before, after: applyOperation(before, operation) };
    before = step.after;
    return step;
  });
}

export function computationKey({ start, operations }: Computation): string {
  return `${start}${operations.map(({ sign, by }) => `${sign}${by}`).join('')}`;
}

/**
 * Computations fall into sixteen buckets by hash, and each use has its own buckets. So test, validation, pool and
 * pretraining are disjoint for all seeds and sizes.
 */
const buckets = { test: [0, 2], validation: [2, 3], pool: [3, 9], pretraining: [9, 16] } as const;
export type Use = keyof typeof buckets;

export function isComputationOf(use: Use, computation: Computation): boolean {
  const bucket = hashText(computationKey(computation)) % 16;
  return bucket >= buckets[use][0] && bucket < buckets[use][1];
}

function generateOperation(random: Random): Operation {
  const kind = random();
  if (kind < 0.8) return { sign: kind < 0.4 ? '+' : '-', by: randomInteger(random, 2, 12) };
  return { sign: '*', by: kind < 0.9 ? 2 : 3 };
}

/** Start 2–20, then operations that keep the count within 1–99; others are generated anew. */
export function generateComputation(random: Random, operationCount: number): Computation {
  const start = randomInteger(random, 2, 20);
  const operations: Operation[] = [];
  let value = start;
  while (operations.length < operationCount) {
    const operation = generateOperation(random);
    const next = applyOperation(value, operation);
    if (next < 1 || next > 99) continue;
    operations.push(operation);
    value = next;
  }
  return { start, operations };
}

function operationText(random: Random, { sign, by }: Operation): string {
  if (sign === '*') return by === 2 ? phrases.double : phrases.triple;
  if (sign === '+') return `${randomChoice(random, gainVerbs)} ${by}${phrases.more}`;
  return `${randomChoice(random, lossVerbs)} ${by}${phrases.ofThem}`;
}

/** The question in words, without the line where the answer begins. */
export function renderQuestion(random: Random, { start, operations }: Computation): string {
  const opening = `${phrases.question}${randomChoice(random, names)}${phrases.has} ${start}${randomChoice(random, nouns)}`;
  const steps = operations.map((operation) => phrases.then + operationText(random, operation));
  return opening + steps.join('') + phrases.ask;
}

/** Target format: ` 17-11=6; 6+4=10 #### 10`. */
export function renderAnswer(steps: readonly Step[]): string {
  const lines = steps.map(({ before, sign, by, after }) => `${before}${sign}${by}=${after}`);
  return ` ${lines.join('; ')}${phrases.final} ${steps.at(-1)?.after ?? ''}`;
}

function renderProblem(random: Random, id: string, computation: Computation): SyntheticProblem {
  const prompt = `${renderQuestion(random, computation)}\n${phrases.answer}`;
  const target = String(workSteps(computation).at(-1)?.after);
  return { source: 'synthetic', id, prompt, target, ...computation };
}

/** The question alone, without the fixed start and end of prompts. */
export function syntheticQuestion({ prompt }: SyntheticProblem): string {
  return prompt.slice(phrases.question.length, -`\n${phrases.answer}`.length).trim();
}

/** Problems of one use, each computation, and so each text, once. */
function generateSplit(data: SyntheticData, use: 'pool' | 'validation' | 'test'): SyntheticProblem[] {
  const random = createRandom('grade-school-math', data.seed, use);
  const seen = new Set<string>();
  const problems: SyntheticProblem[] = [];
  while (problems.length < data[use]) {
    const computation = generateComputation(random, randomInteger(random, 2, 4));
    const text = computationKey(computation);
    if (!isComputationOf(use, computation) || seen.has(text)) continue;
    seen.add(text);
    problems.push(renderProblem(random, `${use}-${String(problems.length).padStart(5, '0')}`, computation));
  }
  return problems;
}

/** Generates problems, a pure function of `data`. A larger pool begins with the smaller one. */
export function generateSynthetic(data: SyntheticData): ProblemSet<SyntheticProblem> {
  return {
    pool: generateSplit(data, 'pool'),
    validation: generateSplit(data, 'validation'),
    test: generateSplit(data, 'test'),
    excluded: {},
  };
}
