import type { Assessment, Finish } from '../../contracts/task';
import { repetitionRate } from '../../text/overlap';
import { hasNewQuestion, ownAnswer } from '../own-answer';
import { cleanNumber, type FileProblem } from './gsm8k';
import type { SyntheticProblem } from './synthetic';
import { lastNumber, leadingNumber } from './whole-number';

const syntheticFormat = /^ -?\d+[-+*]\d+=-?\d+(; -?\d+[-+*]\d+=-?\d+)* #### -?\d+$/;

function isTruncated(completion: string, finish: Finish): boolean {
  return finish === 'length' || hasNewQuestion(completion);
}

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Number of arithmetic steps, correct or not; a guess has none. */
const syntheticSteps = (completion: string): number => countOf(completion, /-?\d+[-+*]\d+=-?\d+/g);
const fileSteps = (completion: string): number => countOf(completion, /^Step \d+: /gm);

/**
 * The final answer: the number after the first `####`; without one the last number of `unmarked`, since the format has a
 * rate of its own.
 */
function finalNumber(answer: string, unmarked: string): number {
  const [, marked = ''] = answer.split('####');
  return /\d/.test(marked) ? leadingNumber(marked) : lastNumber(unmarked);
}

const firstLineOf = (text: string): string => text.trimStart().split('\n')[0] ?? '';

export function scoreSynthetic(problem: SyntheticProblem, completion: string, finish: Finish): Assessment {
  const own = ownAnswer(completion);
  const correct = finalNumber(own, firstLineOf(own)) === Number(problem.target);
  return {
    score: Number(correct),
    wellFormed: syntheticFormat.test(completion),
    truncated: isTruncated(completion, finish),
    repetition: repetitionRate(completion),
    scores: {
      strict: Number(correct && /####.*\d/s.test(own)),
      flexible: Number(correct),
      steps: syntheticSteps(own),
    },
  };
}

/** GSM8K's strict extraction (lm-eval v3): the first number after `#### `. */
export function strictAnswer(completion: string): string | undefined {
  const match = /#### (-?[0-9.,]+)/.exec(completion)?.[1];
  return match === undefined ? undefined : cleanNumber(match);
}

/** GSM8K's flexible extraction (lm-eval v3): the last match of its number pattern. */
export function flexibleAnswer(completion: string): string | undefined {
  const match = completion.match(/(-?[$0-9.,]{2,})|(-?[0-9]+)/g)?.at(-1);
  return match === undefined ? undefined : cleanNumber(match);
}

/** Whether an answer is steps numbered from 1, one a line, then the marked number. */
function keepsStepFormat(completion: string): boolean {
  const lines = completion.trim().split('\n');
  const steps = lines.slice(0, -1);
  return (
    steps.length > 0 &&
    steps.every((line, index) => line.startsWith(`Step ${index + 1}: `)) &&
    /^#### -?[0-9.,]+$/.test(lines.at(-1) ?? '')
  );
}

/** `strict` and `flexible` are the published extractions, which compare texts: "8.00" is not "8" for them. */
export function scoreFile(problem: FileProblem, completion: string, finish: Finish): Assessment {
  const own = ownAnswer(completion);
  return {
    score: Number(finalNumber(own, own) === Number(problem.target)),
    wellFormed: keepsStepFormat(completion),
    truncated: isTruncated(completion, finish),
    repetition: repetitionRate(completion),
    scores: {
      strict: Number(strictAnswer(own) === problem.target),
      flexible: Number(flexibleAnswer(own) === problem.target),
      steps: fileSteps(own),
    },
  };
}
