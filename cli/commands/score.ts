import type { InstructionScore, MathScore } from '../../tasks';
import type { Ink } from '../print/ink';
import { renderInstructionScore, renderMathScore } from '../print/score';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { readRecordsFile } from '../../ingest';

export interface ScoreFlags extends PrinterOptions {
  readonly responses: string;
  /** Also print the verdict on every row. */
  readonly perItem?: boolean;
}

function show<Score extends InstructionScore | MathScore>(
  score: Score,
  flags: ScoreFlags,
  render: (score: Score, ink: Ink) => string[],
): void {
  const printer = createPrinter(flags);
  printer.print(render(score, printer.ink));
  const { items, ...rates } = score;
  if (flags.json === true) printJson(flags.perItem === true ? { ...rates, items } : rates);
}

/** `budgetline score instruction-following`: IFEval's four accuracies of responses. */
export async function scoreInstructionsCommand(flags: ScoreFlags & { prompts: string }): Promise<void> {
  const { scoreInstructions } = await import('../../tasks/index.js');
  const [prompts, responses] = [await readRecordsFile(flags.prompts), await readRecordsFile(flags.responses)];
  show(scoreInstructions({ prompts, responses }), flags, renderInstructionScore);
}

/** `budgetline score grade-school-math`: strict and flexible accuracy of responses. */
export async function scoreMathCommand(flags: ScoreFlags & { references: string }): Promise<void> {
  const { scoreMath } = await import('../../tasks/index.js');
  const [references, responses] = [
    await readRecordsFile(flags.references),
    await readRecordsFile(flags.responses),
  ];
  show(scoreMath({ references, responses }), flags, renderMathScore);
}
