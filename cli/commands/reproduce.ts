import { resolve } from 'node:path';
import { withAuditedRun, type AuditedRun } from '../../app/audit/audited-run';
import { reproduceRun } from '../../app/audit/reproduce';
import { loadTasks } from '../../app/definition/load-definition';
import type { Reproduction } from '../../audit';
import { printDownloads } from '../download-lines';
import { exitStatusOfSignal, exitWithFindings } from '../exit-status';
import { Interrupted, listenForInterruption } from '../interruption';
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
  { printer, file, signal }: { printer: Printer; file: string | undefined; signal: AbortSignal },
): Promise<Reproduction> {
  warnOfChangedBundle(run, printer);
  const tasks = file === undefined ? [] : await loadTasks(file);
  const tasksFile = file === undefined || tasks.length === 0 ? null : resolve(file);
  return reproduceRun(run, {
    tasks,
    signal,
    onDownload: printDownloads(),
    run: async (planned) => {
      printer.print([`Running ${run.experimentId} again, in an empty store.`]);
      await rerunSweep(planned, { printer, tasksFile, signal });
    },
  });
}

/** `budgetline reproduce RUN`: exit status 0 if every stage is identical, else 1; 128 + n after a signal. */
export async function reproduceCommand(name: string, flags: ReproduceFlags): Promise<number> {
  const printer = createPrinter(flags);
  const { signal } = listenForInterruption({
    onFirst: () => undefined,
    onSecond: (stopSignal) => process.exit(exitStatusOfSignal(stopSignal)),
  });
  try {
    const run = (opened: AuditedRun) => reproduce(opened, { printer, file: flags.tasks, signal });
    return printResult(await withAuditedRun(name, run), printer, flags);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    printer.print(['Stopped.']);
    return exitStatusOfSignal(error.stopSignal);
  }
}

function printResult(result: Reproduction, printer: Printer, flags: ReproduceFlags): number {
  printer.print(['', ...renderReproduction(result, printer.ink)]);
  if (flags.json === true) printJson(result);
  return result.reproduced ? 0 : exitWithFindings;
}
