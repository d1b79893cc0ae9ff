import { z } from 'zod';
import type { Random } from '../../contracts/task';
import { defineTask } from '../define/define-task';
import { randomInteger, randomChoice } from '../random';
import { parseProgram, type Program } from './expression';

const schema = z.object({
  /** The function's description, in words. */
  request: z.string().min(1),
  tests: z
    .array(z.object({ x: z.int(), y: z.int().default(0), output: z.int() }))
    .min(1)
    .max(100),
  /** A program that passes. */
  solution: z.string().min(1),
});
type CodeItem = z.infer<typeof schema>;

interface Step {
  readonly words: string;
  readonly wrap: (program: string) => string;
}

function generateStep(random: Random): Step {
  const n = randomInteger(random, 2, 9);
  return randomChoice<Step>(random, [
    { words: `add ${n}`, wrap: (program) => `${program}+${n}` },
    { words: `take off ${n}`, wrap: (program) => `${program}-${n}` },
    { words: `times ${n}`, wrap: (program) => `(${program})*${n}` },
    { words: 'add y', wrap: (program) => `${program}+y` },
    { words: `at most ${n * 5}`, wrap: (program) => `min(${program},${n * 5})` },
  ]);
}

const inputs = [-7, -1, 0, 2, 5, 11].flatMap((x) => [0, 3].map((y) => ({ x, y })));

function generateItem(random: Random): CodeItem {
  const steps = Array.from({ length: randomInteger(random, 1, 3) }, () => generateStep(random));
  const solution = steps.reduce((program, { wrap }) => wrap(program), 'x');
  const program = parseProgram(solution);
  if (program === undefined) throw new TypeError(`a generated program is malformed: ${solution}`);
  const tests = inputs.map(({ x, y }) => ({ x, y, output: program(x, y) }));
  return { request: `f(x,y): take x, ${steps.map(({ words }) => words).join(', ')}.`, tests, solution };
}

const passes = (program: Program, { x, y, output }: CodeItem['tests'][number]): boolean =>
  program(x, y) === output;

/**
 * Code generation in a small language: expressions over x and y (see {@link parseProgram}). A program is correct when it
 * passes all tests of its row. Programs in a general language would need a sandbox.
 */
export const codeGeneration = defineTask<CodeItem>({
  name: 'code-generation',
  metric: 'tests passed',
  synthesize: generateItem,
  schema,
  prompt: ({ request }) => `${request}\nA: `,
  leakageText: ({ request }) => request,
  // The function that it computes, not its wording.
  dedupKey: ({ tests }) => [...new Set(tests.map(({ x, y, output }) => `${x} ${y} ${output}`))].sort().join(),
  target: ({ solution }) => solution,
  score({ tests }, completion) {
    const program = parseProgram(completion.split('\n')[0] ?? '');
    const passed = program === undefined ? 0 : tests.filter((test) => passes(program, test)).length;
    return {
      score: Number(passed === tests.length),
      wellFormed: program !== undefined,
      scores: { parses: Number(program !== undefined), testsPassed: passed / tests.length },
    };
  },
});
