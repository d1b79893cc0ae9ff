import type { SweepDefinition } from '../../schemas/definition';
import type { TaskTrial, TriedAnswers, TriedExample, TriedLabels } from '../../definitions';
import type { Ink } from './ink';
import { formatCount, formatScore } from './numbers';
import { fact } from './plan';
import { countOf, padRight, wrapExact } from './text';

function describeAnswers(answers: TriedAnswers, threshold: number | undefined): string {
  const { annotator, items, full, reaching, mean, lowest, characters, without, untried } = answers;
  const { min, median, max } = characters;
  const enough = reaching === full || threshold === undefined ? '' : `, ${reaching} at least ${threshold}`;
  const scores =
    full === items
      ? `all ${items} score 1`
      : `${full} of ${items} score 1${enough}; mean ${formatScore(mean)}, lowest ${formatScore(lowest)}`;
  const missing = without === 0 ? '' : `; no answer to ${countOf(without, 'item')}`;
  const all = items + without + untried;
  const slow = untried === 0 ? '' : `; ${formatCount(all - untried)} of ${countOf(all, 'item')} tried`;
  return `${annotator ?? 'reference answers'}: ${scores}; ${min} to ${max} characters, median ${median}${missing}${slow}`;
}

const describeLabels = ({ annotator, pairs, preferred }: TriedLabels): string =>
  `${annotator}: prefers ${preferred} of ${countOf(pairs, 'reference answer')} to the answer of another item`;

const longestPart = 120;

/** A text in quotation marks. Control characters and others that a terminal does not show are escaped. */
function quote(text: string): string {
  const escaped = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** The start and the end of a long prompt: the end is the cue for the answer. */
function cutPrompt(prompt: string): string {
  if (prompt.length <= 2 * longestPart) return quote(prompt);
  return `${quote(prompt.slice(0, longestPart))} … ${quote(prompt.slice(-longestPart))}`;
}

function cutAnswer(answer: string): string {
  return answer.length <= longestPart ? quote(answer) : `${quote(answer.slice(0, longestPart))} …`;
}

function exampleLines({ item, prompt, answer, score }: TriedExample, ink: Ink): string[] {
  const line = (name: string, text: string): string[] => {
    const first = `  ${padRight(name, 16)}`;
    const [head = '', ...rest] = wrapExact(text, { first });
    return [ink.faint(first) + head.slice(first.length), ...rest];
  };
  return [
    ...line('Prompt', `${item}: ${cutPrompt(prompt)}`),
    ...line('Answer', `${cutAnswer(answer)}, score ${formatScore(score)}`),
  ];
}

function trialLines(trial: TaskTrial, { evaluation, sft }: SweepDefinition, ink: Ink): string[] {
  const { task, auxiliary, threshold, answers, labels, example } = trial;
  const limits = `an answer may have ${evaluation.maxNewTokens} tokens (evaluation.maxNewTokens), a row ${sft.maxLength} (sft.maxLength)`;
  const head =
    auxiliary === undefined ? `answers of ${task}, by its verifier; ${limits}` : `answers of ${auxiliary}`;
  return [
    ...fact('Trial', head, ink),
    ...answers.flatMap((one) => fact('', describeAnswers(one, threshold), ink)),
    ...labels.filter(({ pairs }) => pairs > 0).flatMap((one) => fact('', describeLabels(one), ink)),
    ...(example === undefined ? [] : exampleLines(example, ink)),
  ];
}

/** What the trials of a definition's tasks showed. */
export function renderTrials(
  { trials }: { readonly trials: readonly TaskTrial[] },
  definition: SweepDefinition,
  ink: Ink,
): string[] {
  return trials.flatMap((trial) => trialLines(trial, definition, ink));
}
