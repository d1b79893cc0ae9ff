import { printJson, createPrinter, type PrinterOptions } from '../printer';
import type { DefinitionOptions } from '../../app/definition/definition-options';
import { planFile } from '../planned-file';
import { renderPipeline, stagesJson } from '../print/pipeline';
import { renderPlan } from '../print/plan';
import { renderTrials } from '../print/trial';

/** `budgetline plan FILE`: prints the stages to run, the cached stages and the cost. */
export async function planCommand(file: string, flags: DefinitionOptions & PrinterOptions): Promise<void> {
  const { planned } = await planFile(file, flags);
  const { summary, resolved, trials } = planned;
  const { definition } = resolved;
  const printer = createPrinter(flags);
  if (flags.json === true) printJson({ ...summary, trials, ...stagesJson(planned), definition });
  else
    printer.print([
      ...renderPlan(summary, definition, printer.ink),
      ...renderPipeline(planned, printer.ink),
      ...renderTrials(planned, definition, printer.ink),
    ]);
}
