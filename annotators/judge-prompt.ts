import type { Comparison } from '../contracts/task';

/** Fields of a judge that count as its code. */
export const judgeFields = ['system', 'ask'];

/** The prompt of a judge. */
export interface JudgePrompt {
  /** System prompt. Default: asks for [[A]], [[B]] or [[tie]]. */
  readonly system?: string;
  /** Prompt for a comparison. Default: prompt and both answers under headings. */
  readonly ask?: (comparison: Comparison) => string;
}

const instructions =
  'Two answers to one prompt are shown. Say which is the better one, by what it says and not by its length or place: ' +
  '[[A]] for the first, [[B]] for the second, [[tie]] where neither is better. Answer with that alone.';

const show = ({ prompt, first, second }: Comparison): string =>
  `# Prompt\n${prompt}\n\n# Answer A\n${first}\n\n# Answer B\n${second}\n\n# Verdict\n`;

export function withDefaultPrompt({ system = instructions, ask = show }: JudgePrompt): Required<JudgePrompt> {
  return { system, ask };
}
