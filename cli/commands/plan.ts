import { printJson, createPrinter, type PrinterOptions } from '../printer';
import type { DefinitionFlags } from '../definition-flags';
import { planFile } from '../planned-file';
import { renderPlan } from '../print/plan';

/** `budgetline plan FILE`: prints what would run, what is cached and what it costs. */
export async function planCommand(file: string, flags: DefinitionFlags & PrinterOptions): Promise<void> {
  const { planned } = await planFile(file, flags);
  const { summary, resolved } = planned;
  const { definition } = resolved;
  const printer = createPrinter(flags);
  if (flags.json === true) printJson({ ...summary, definition });
  else printer.print(renderPlan(summary, definition, printer.ink));
}
