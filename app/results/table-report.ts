import { join } from 'node:path';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { writeOutputs } from '../../store';
import { packageVersion } from '../package-version';
import { loadReport } from './load-report';

export interface TableReportOptions {
  /** Folder of report.html and charts/. */
  readonly out: string;
  /** Replaces existing files. */
  readonly force?: boolean;
}

/**
 * Writes the report of scores from any source.
 *
 * @throws BudgetlineError OUTPUT_EXISTS, STORE_UNWRITABLE
 */
export async function writeTableReport(
  input: { source: string; analyses: readonly SubjectAnalysis[]; notes: readonly string[] },
  { out, force }: TableReportOptions,
): Promise<{ reportPath: string; chartsPath: string }> {
  const { drawCharts, renderTableReport, tableCharts } = loadReport();
  const report = { ...input, packageVersion: packageVersion() };
  const [reportPath, chartsPath] = [join(out, 'report.html'), join(out, 'charts')];
  const charts = await drawCharts(chartsPath, tableCharts(report));
  await writeOutputs([{ path: reportPath, data: await renderTableReport(report) }, ...charts], { force });
  return { reportPath, chartsPath };
}
