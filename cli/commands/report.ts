import { resultDocument, writeReport } from '../../app/results/report-files';
import { readResult } from '../../app/results/sweep-record';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { renderParts } from '../print/parts';
import { renderSearch } from '../print/search';
import { renderSpend } from '../print/spend';

/** `budgetline report SWEEP_ID`: analyses a finished sweep again and rewrites its report. */
export async function reportCommand(sweepId: string, options: PrinterOptions): Promise<void> {
  const record = await readResult(sweepId);
  const files = await writeReport(record);
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
  if (options.json === true) printJson(resultDocument(record, files));
}
