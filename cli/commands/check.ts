import { resolve } from 'node:path';
import { embeddedModelPath } from '../../client';
import { checkExecutable, type Finding } from '../../conformance';
import { exitStatusOf } from '../exit-status';
import { renderChecked, renderFinding } from '../print/conformance';
import { createPrinter } from '../printer';

/** A program as the shell would find it; a JavaScript file is run by this very Node. */
function commandOf([program = '', ...rest]: readonly string[]): readonly string[] {
  if (/\.[cm]?js$/.test(program)) return [process.execPath, resolve(program), ...rest];
  return [program.includes('/') ? resolve(program) : program, ...rest];
}

/** `budgetline trainer check EXECUTABLE`: prints each rule as it is decided; the exit status says whether all are kept. */
export async function checkCommand(
  words: readonly string[],
  { model = embeddedModelPath, color }: { model?: string; color?: boolean },
): Promise<number> {
  const printer = createPrinter({ color });
  const findings: Finding[] = [];
  let section: string | null = null;
  for await (const finding of checkExecutable({ command: commandOf(words), model: resolve(model) })) {
    printer.print(renderFinding(finding, { ink: printer.ink, newSection: finding.section !== section }));
    section = finding.section;
    findings.push(finding);
  }
  printer.print(renderChecked(findings, printer.ink));
  return findings.every(({ broken }) => broken === null) ? 0 : exitStatusOf('TRAINER_PROTOCOL');
}
