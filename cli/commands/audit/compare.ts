import { diffRuns, explainStage } from '../../../audit';
import { withAuditedRun } from '../../../app/audit/audited-run';
import { placeOf } from '../../../app/location';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { renderDifferences, renderExplanation } from '../../print/differences';

/** `budgetline audit diff A B`: prints what differs between two runs. */
export async function diffCommand(a: string, b: string, flags: PrinterOptions): Promise<void> {
  const differences = await withAuditedRun(a, (one) => withAuditedRun(b, (other) => diffRuns(one, other)));
  const printer = createPrinter(flags);
  printer.print(renderDifferences(differences, printer.ink));
  if (flags.json === true) printJson(differences);
}

/** `budgetline audit explain STAGE`: prints why a stage ran, field by field. */
export async function explainCommand(key: string, flags: PrinterOptions): Promise<void> {
  const explanation = await explainStage(placeOf({}).store, key);
  const printer = createPrinter(flags);
  printer.print(renderExplanation(explanation, printer.ink));
  if (flags.json === true) printJson(explanation);
}
