import type { Comparison } from '../contracts/task';

/** Fields that say how a model is asked: what of its definition counts as code. */
export const judgeFields = ['system', 'ask'];

/** How a model is asked to judge. */
export interface JudgeAsking {
  /** What it is told beside the two answers. */
  readonly system?: string;
  /** The comparison as it is shown; prompt and both answers under headings unless told. */
  readonly ask?: (comparison: Comparison) => string;
}

const instructions =
  'Two answers to one prompt are shown. Say which is the better one, by what it says and not by its length or place: ' +
  '[[A]] for the first, [[B]] for the second, [[tie]] where neither is better. Answer with that alone.';

const show = ({ prompt, first, second }: Comparison): string =>
  `# Prompt\n${prompt}\n\n# Answer A\n${first}\n\n# Answer B\n${second}\n\n# Verdict\n`;

/** The same with every default in place. */
export function judgeAsking({ system = instructions, ask = show }: JudgeAsking): Required<JudgeAsking> {
  return { system, ask };
}
