import { resolve } from 'node:path';
import { withAuditedRun, type AuditedRun } from '../../app/audit/audited-run';
import { reproduceRun } from '../../app/audit/reproduce';
import { loadTasks } from '../../app/definition/load-definition';
import type { Reproduction } from '../../audit';
import { printDownloads } from '../download-lines';
import { exitWithFindings } from '../exit-status';
import { createPrinter, printJson, type Printer, type PrinterOptions } from '../printer';
import { renderReproduction } from '../print/reproduction';
import { rerunSweep } from '../rerun';

export interface ReproduceFlags extends PrinterOptions {
  readonly tasks?: string;
}

function warnOfChangedBundle({ bundle }: AuditedRun, printer: Printer): void {
  const { length } = bundle?.findings ?? [];
  if (length === 0) return;
  printer.print(['! The bundle was changed after it was written; see "budgetline audit verify".']);
}

async function reproduce(
  run: AuditedRun,
  { printer, file }: { printer: Printer; file: string | undefined },
): Promise<Reproduction> {
  warnOfChangedBundle(run, printer);
  const tasks = file === undefined ? [] : await loadTasks(file);
  const tasksFile = file === undefined || tasks.length === 0 ? null : resolve(file);
  return reproduceRun(run, {
    tasks,
    onDownload: printDownloads(),
    run: async (planned) => {
      printer.print([`Running ${run.experimentId} again, in an empty store.`]);
      await rerunSweep(planned, { printer, tasksFile });
    },
  });
}

/** `budgetline reproduce RUN`: exit status 0 if every stage is identical, else 1. */
export async function reproduceCommand(name: string, flags: ReproduceFlags): Promise<number> {
  const printer = createPrinter(flags);
  const result = await withAuditedRun(name, (run) => reproduce(run, { printer, file: flags.tasks }));
  printer.print(['', ...renderReproduction(result, printer.ink)]);
  if (flags.json === true) printJson(result);
  return result.reproduced ? 0 : exitWithFindings;
}
