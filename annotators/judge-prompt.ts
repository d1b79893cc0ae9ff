import type { Comparison, JudgeUse } from '../contracts/task';

/** Fields of a judge that count as its code. */
export const judgeFields = ['system', 'ask'];

/** The prompt of a judge. */
export interface JudgePrompt {
  /** System prompt. Default: asks for [[A]], [[B]] or [[tie]]; where a label is bought, for [[refusal]] too. */
  readonly system?: string;
  /** Prompt for a comparison. Default: prompt and both answers under headings. */
  readonly ask?: (comparison: Comparison) => string;
}

// The default texts never change: paid verdicts are found by what was shown.
const task =
  'Two answers to one prompt are shown. Say which is the better one, by what it says and not by its length or place: ' +
  '[[A]] for the first, [[B]] for the second, [[tie]] where neither is better';
const end = '. Answer with that alone.';

/** A refused label costs no pair, but a refused verdict of an evaluation is a loss, so only labels offer it. */
const systems: Readonly<Record<JudgeUse, string>> = {
  verdict: `${task}${end}`,
  label: `${task}, [[refusal]] where you cannot judge them${end}`,
};

const show = ({ prompt, first, second }: Comparison): string =>
  `# Prompt\n${prompt}\n\n# Answer A\n${first}\n\n# Answer B\n${second}\n\n# Verdict\n`;

/** The default `ask` in identities. */
const showText =
  '({ prompt, first, second }) => `# Prompt\\n${prompt}\\n\\n# Answer A\\n${first}\\n\\n# Answer B\\n${second}\\n\\n# Verdict\\n`';

/** The messages for comparisons, and the template that identifies those of a use. */
export function judgeMessages({ system, ask }: JudgePrompt) {
  return {
    templateOf: (use: JudgeUse = 'verdict') => [system ?? systems[use], ask ?? showText],
    messagesFor: (comparison: Comparison) => ({
      system: system ?? systems[comparison.label === undefined ? 'verdict' : 'label'],
      user: (ask ?? show)(comparison),
    }),
  };
}
