import type { Assessment, Finish } from '../../contracts/task';
import { repetitionRate } from '../../text/overlap';
import { cleanNumber, type FileProblem } from './gsm8k';
import type { TwinProblem } from './twin';

const twinFormat = /^ -?\d+[-+*]\d+=-?\d+(; -?\d+[-+*]\d+=-?\d+)* #### -?\d+$/;
const newQuestion = /\bQ(uestion)?:/;

function isRambling(completion: string, finish: Finish): boolean {
  return finish === 'length' || newQuestion.test(completion);
}

const lastOf = (text: string, pattern: RegExp): string | undefined => text.match(pattern)?.at(-1);

/** The number after `####`, else the last number of the first line. */
export function twinAnswer(completion: string): string | undefined {
  const marked = /####\s*(-?\d+)/.exec(completion)?.[1];
  return marked ?? lastOf(completion.trimStart().split('\n')[0] ?? '', /-?\d+/g);
}

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Steps of arithmetic, right or wrong: what a solution has and a guess has not. */
const twinSteps = (completion: string): number => countOf(completion, /-?\d+[-+*]\d+=-?\d+/g);
const fileSteps = (completion: string): number => countOf(completion, /^Step \d+: /gm);

export function assessTwin(problem: TwinProblem, completion: string, finish: Finish): Assessment {
  const strict = /####\s*(-?\d+)/.exec(completion)?.[1] === problem.expected;
  const flexible = twinAnswer(completion) === problem.expected;
  return {
    score: Number(flexible),
    formatted: twinFormat.test(completion),
    rambling: isRambling(completion, finish),
    repetition: repetitionRate(completion),
    scores: { strict: Number(strict), flexible: Number(flexible), steps: twinSteps(completion) },
  };
}

/** GSM8K's strict extraction (lm-eval v3): the first number after `#### `. */
export function strictAnswer(completion: string): string | undefined {
  const match = /#### (-?[0-9.,]+)/.exec(completion)?.[1];
  return match === undefined ? undefined : cleanNumber(match);
}

/** GSM8K's flexible extraction (lm-eval v3): the last thing that looks like a number. */
export function flexibleAnswer(completion: string): string | undefined {
  const match = lastOf(completion, /(-?[$0-9.,]{2,})|(-?[0-9]+)/g);
  return match === undefined ? undefined : cleanNumber(match);
}

/** Steps numbered from 1, one a line, and then the marked number. */
function keepsStepFormat(completion: string): boolean {
  const lines = completion.trim().split('\n');
  const steps = lines.slice(0, -1);
  return (
    steps.length > 0 &&
    steps.every((line, index) => line.startsWith(`Step ${index + 1}: `)) &&
    /^#### -?[0-9.,]+$/.test(lines.at(-1) ?? '')
  );
}

export function assessFile(problem: FileProblem, completion: string, finish: Finish): Assessment {
  // The harness that defines these extractions ends an answer where a new question begins.
  const own = completion.split(newQuestion)[0] ?? '';
  const flexible = flexibleAnswer(own) === problem.expected;
  return {
    score: Number(flexible),
    formatted: keepsStepFormat(completion),
    rambling: isRambling(completion, finish),
    repetition: repetitionRate(completion),
    scores: {
      strict: Number(strictAnswer(own) === problem.expected),
      flexible: Number(flexible),
      steps: fileSteps(own),
    },
  };
}
