import { resolve } from 'node:path';
import { auditRun } from '../../../app/audit/audit-run';
import { BudgetlineError } from '../../../core/failures';
import { writeOutputs } from '../../../store';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { renderTimeline } from '../../print/timeline';

export interface ShowFlags extends PrinterOptions {
  readonly html?: string;
  /** Replaces an existing page. */
  readonly force?: boolean;
}

/** `budgetline audit show RUN`: prints the history of a run, from its ledger, workflow histories and artifacts. */
export async function showCommand(name: string, flags: ShowFlags): Promise<void> {
  if (flags.force === true && flags.html === undefined)
    throw new BudgetlineError('USAGE', '--force: there is no file to replace.', {
      remedy: 'Add --html FILE.',
    });
  const timeline = await auditRun(name);
  const printer = createPrinter(flags);
  printer.print(renderTimeline(timeline, printer.ink));
  if (flags.html !== undefined) {
    const { renderAuditPage } = await import('../../../report/index.js');
    const path = resolve(flags.html);
    await writeOutputs([{ path, data: renderAuditPage(timeline) }], flags);
    printer.print(['', `Page  ${path}`]);
  }
  if (flags.json === true) printJson(timeline);
}
