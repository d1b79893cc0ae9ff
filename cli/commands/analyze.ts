import { basename, join, relative, resolve } from 'node:path';
import { analyzeTable, nameSubject, type TableRules } from '../../analysis';
import type { SubjectAnalysis } from '../../contracts/analysis';
import { drawFigures } from '../../app/results/figure-files';
import { packageVersion } from '../../app/package-version';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import type { Ink } from '../print/ink';
import { renderResults } from '../print/results';
import { wrap } from '../print/text';
import { renderWinners } from '../print/winners';
import { readResults, type ResultsTable } from '../../app/results/results-csv';
import { toResultsDocument } from '../../app/results/results-json';
import { writeOutputs } from '../../store';

export interface AnalyzeOptions extends PrinterOptions {
  /** Folder of report.html and figures/. */
  readonly out: string;
  /** Replaces files that are there. */
  readonly force?: boolean;
  /** Columns whose values are told apart. */
  readonly axis?: readonly string[];
  readonly delta: number;
  readonly smallBudgetMax?: number;
  readonly largeBudgetMin?: number;
  readonly sftPrice: number;
  readonly pairPrice: number;
}

function rulesOf({ delta, smallBudgetMax, largeBudgetMin, sftPrice, pairPrice }: AnalyzeOptions): TableRules {
  return {
    delta,
    prices: { sftExample: sftPrice, preferencePair: pairPrice },
    ...(smallBudgetMax === undefined ? {} : { smallBudgetMax }),
    ...(largeBudgetMin === undefined ? {} : { largeBudgetMin }),
  };
}

function notesOf({ notes }: ResultsTable, { sftPrice, pairPrice, delta }: AnalyzeOptions): string[] {
  return [
    ...notes,
    `Prices: $${sftPrice} a demonstration, $${pairPrice} a pair. Differences up to ${delta} do not count.`,
  ];
}

async function writeTableReport(
  { out, force }: AnalyzeOptions,
  input: { source: string; analyses: readonly SubjectAnalysis[]; notes: readonly string[] },
): Promise<{ reportPath: string; figuresPath: string }> {
  const { renderTableReport, tableFigures } = await import('../../report/index.js');
  const report = { ...input, packageVersion: packageVersion() };
  const [reportPath, figuresPath] = [join(out, 'report.html'), join(out, 'figures')];
  const figures = await drawFigures(figuresPath, tableFigures(report));
  await writeOutputs([{ path: reportPath, data: await renderTableReport(report) }, ...figures], { force });
  return { reportPath, figuresPath };
}

function renderSubject(analysis: SubjectAnalysis, ink: Ink): string[] {
  return [ink.strong(`── ${nameSubject(analysis)}`), '', ...renderResults(analysis, ink), ''];
}

/** From here where it lies below, else whole. */
function shownPath(path: string): string {
  const from = relative('.', path);
  return from.startsWith('..') ? resolve(path) : from;
}

/** `budgetline analyze RESULTS.csv`: analyses scores that were made anywhere; needs no server and no store. */
export async function analyzeCommand(file: string, options: AnalyzeOptions): Promise<void> {
  const table = await readResults(file, options.axis);
  const analyses = analyzeTable(table.rows, rulesOf(options));
  const notes = notesOf(table, options);
  const source = basename(file);
  const { reportPath, figuresPath } = await writeTableReport(options, { source, analyses, notes });
  const printer = createPrinter(options);
  printer.print([
    ...analyses.flatMap((analysis) => renderSubject(analysis, printer.ink)),
    ...(options.axis === undefined ? [] : [...renderWinners(analyses, printer.ink), '']),
    ...notes.flatMap((note) => wrap(note)),
    '',
    `Report   ${shownPath(reportPath)}`,
    `Figures  ${shownPath(figuresPath)}`,
  ]);
  if (options.json !== true) return;
  const subjects = analyses.map((analysis) => ({ analysis, scale: table.scales.get(analysis.task) ?? 1 }));
  printJson(toResultsDocument({ source, subjects, notes }));
}
