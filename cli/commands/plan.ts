import { printJson, createPrinter, type PrinterOptions } from '../printer';
import type { DefinitionFlags } from '../../app/definition/definition-options';
import { prepareSweep } from '../../app/plan/planned-sweep';
import { renderPlan } from '../print/plan';

/** `budgetline plan FILE`: what would run, what is cached, what it costs; starts nothing. */
export async function planCommand(file: string, flags: DefinitionFlags & PrinterOptions): Promise<void> {
  const { summary, resolved } = await prepareSweep(file, flags);
  const { definition } = resolved;
  const printer = createPrinter(flags);
  if (flags.json === true) printJson({ ...summary, definition });
  else printer.print(renderPlan(summary, definition, printer.ink));
}
