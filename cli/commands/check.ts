import { resolve } from 'node:path';
import { embeddedModelPath } from '../../host/package-files';
import { checkExecutable, type Finding } from '../../conformance';
import { BudgetlineError } from '../../core/failures';
import { renderChecked, renderFinding } from '../print/conformance';
import { countOf } from '../print/text';
import { createPrinter } from '../printer';

/** The command to run; a JavaScript file runs with this Node. */
function commandOf([program = '', ...rest]: readonly string[]): readonly string[] {
  if (/\.[cm]?js$/.test(program)) return [process.execPath, resolve(program), ...rest];
  return [program.includes('/') ? resolve(program) : program, ...rest];
}

/**
 * `budgetline trainer check EXECUTABLE`: prints the result of each rule.
 *
 * @throws BudgetlineError TRAINER_PROTOCOL if a rule fails
 */
export async function checkCommand(
  words: readonly string[],
  { model = embeddedModelPath, color }: { model?: string; color?: boolean },
): Promise<void> {
  const printer = createPrinter({ color });
  const findings: Finding[] = [];
  let section: string | null = null;
  for await (const finding of checkExecutable({ command: commandOf(words), model: resolve(model) })) {
    printer.print(renderFinding(finding, { ink: printer.ink, newSection: finding.section !== section }));
    section = finding.section;
    findings.push(finding);
  }
  printer.print(renderChecked(findings, printer.ink));
  const broken = findings.filter((finding) => finding.broken !== null).length;
  if (broken > 0)
    throw new BudgetlineError(
      'TRAINER_PROTOCOL',
      `${words.join(' ')} breaks ${countOf(broken, 'rule')} of docs/protocol.md.`,
    );
}
