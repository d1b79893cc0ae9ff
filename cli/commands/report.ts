import { createStore } from '../../store';
import { homeOf } from '../../app/home';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { renderParts } from '../print/parts';
import { renderSearch } from '../print/search';
import { renderSpend } from '../print/spend';
import { analysesOf, readRecord, writeReport } from '../../app/results/report-files';

/** `budgetline report SWEEP_ID`: analyses a finished sweep again, prints it, and writes its report again. */
export async function reportCommand(sweepId: string, options: PrinterOptions): Promise<void> {
  const store = createStore(homeOf(process.env, process.cwd()));
  const record = await readRecord(store, sweepId);
  const files = await writeReport(store, record);
  const printer = createPrinter(options);
  printer.print([
    ...renderParts(files.parts, printer.ink),
    '',
    ...renderSearch({ ...record, search: record.result.search }, printer.ink),
    ...renderSpend({ ...record, spend: record.result.spend, parts: files.parts }, printer.ink),
    ...files.parts.map(({ reportPath }) => `Report  ${reportPath}`),
    `Result  ${files.resultPath}`,
    ...(files.scoresPath === null ? [] : [`Scores  ${files.scoresPath}`]),
  ]);
  if (options.json === true) printJson({ ...record, ...analysesOf(files.parts) });
}
