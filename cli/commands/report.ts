import { createStore } from '../../store';
import { homeOf } from '../home';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { renderResults } from '../print/results';
import { readRecord, writeReport } from '../report-files';

/** `budgetline report SWEEP_ID`: analyses a finished sweep again, prints it, and writes its report again. */
export async function reportCommand(sweepId: string, options: PrinterOptions): Promise<void> {
  const store = createStore(homeOf(process.env, process.cwd()));
  const record = await readRecord(store, sweepId);
  const files = await writeReport(store, record);
  const printer = createPrinter(options);
  printer.print([
    ...renderResults(files.analysis, printer.ink),
    '',
    `Report  ${files.reportPath}`,
    `Result  ${files.resultPath}`,
  ]);
  if (options.json === true) printJson({ ...record, analysis: files.analysis });
}
