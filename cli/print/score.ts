import type { InstructionScore, MathScore } from '../../tasks';
import type { Ink } from './ink';
import { formatScore } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf } from './text';

const cells = (...texts: string[]): TableCell[] => texts.map((text) => ({ text }));

/** Strict and loose accuracy: by prompt, by instruction and by kind of instruction. */
export function renderInstructionScore(score: InstructionScore, ink: Ink): string[] {
  const rate = (followed: number, of: number): string => formatScore(followed / of);
  const kinds = Object.entries(score.kinds).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ink.strong(
      `Instruction following: ${countOf(score.prompts, 'prompt')}, ${countOf(score.instructions, 'instruction')}`,
    ),
    ...renderTable({
      columns: [{ title: '' }, ...['Count', 'Strict', 'Loose'].map((title) => ({ title, right: true }))],
      rows: [
        cells(
          'Prompts',
          String(score.prompts),
          formatScore(score.promptStrict),
          formatScore(score.promptLoose),
        ),
        cells(
          'Instructions',
          String(score.instructions),
          formatScore(score.instructionStrict),
          formatScore(score.instructionLoose),
        ),
        ...kinds.map(([kind, { instructions, strict, loose }]) =>
          cells(`  ${kind}`, String(instructions), rate(strict, instructions), rate(loose, instructions)),
        ),
      ],
      head: ink.faint,
    }),
  ];
}

export function renderMathScore({ questions, strict, flexible }: MathScore, ink: Ink): string[] {
  return [
    ink.strong(`Grade school math: ${countOf(questions, 'question')}`),
    `  strict (the number after the first "#### ")  ${formatScore(strict)}`,
    `  flexible (the last number)                   ${formatScore(flexible)}`,
  ];
}
