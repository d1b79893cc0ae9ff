import { join } from 'node:path';
import type { SubjectAnalysis } from '../../contracts/analysis';
import { writeOutputs } from '../../store';
import { packageVersion } from '../package-version';
import { loadReport } from './load-report';

export interface TableReportOptions {
  /** Folder of report.html and figures/. */
  readonly out: string;
  /** Replaces files that are there. */
  readonly force?: boolean;
}

/**
 * Writes the report of scores that were measured elsewhere.
 *
 * @throws BudgetlineError OUTPUT_EXISTS, STORE_UNWRITABLE
 */
export async function writeTableReport(
  input: { source: string; analyses: readonly SubjectAnalysis[]; notes: readonly string[] },
  { out, force }: TableReportOptions,
): Promise<{ reportPath: string; figuresPath: string }> {
  const { drawFigures, renderTableReport, tableCharts } = loadReport();
  const report = { ...input, packageVersion: packageVersion() };
  const [reportPath, figuresPath] = [join(out, 'report.html'), join(out, 'figures')];
  const figures = await drawFigures(figuresPath, tableCharts(report));
  await writeOutputs([{ path: reportPath, data: await renderTableReport(report) }, ...figures], { force });
  return { reportPath, figuresPath };
}
