import { basename, relative, resolve } from 'node:path';
import { nameSubject } from '../../analysis';
import { analyzeResults, type ResultRules } from '../../app/results/analyze-results';
import { writeTableReport } from '../../app/results/table-report';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import type { Ink } from '../print/ink';
import { renderResults } from '../print/results';
import { wrap } from '../print/text';
import { renderWinners } from '../print/winners';
import { readResults, type ResultsTable } from '../../app/results/results-csv';
import { toResultsDocument } from '../../app/results/results-json';

export interface AnalyzeOptions extends PrinterOptions {
  /** Folder of report.html and charts/. */
  readonly out: string;
  /** Replaces existing files. */
  readonly force?: boolean;
  /** Columns whose values are analysed separately. */
  readonly axis?: readonly string[];
  readonly equivalenceMargin: number;
  readonly smallBudgetMax?: number;
  readonly largeBudgetMin?: number;
  readonly sftPrice: number;
  readonly pairPrice: number;
}

function rulesOf({
  equivalenceMargin,
  smallBudgetMax,
  largeBudgetMin,
  sftPrice,
  pairPrice,
}: AnalyzeOptions): ResultRules {
  return {
    equivalenceMargin,
    prices: { sftExample: sftPrice, preferencePair: pairPrice },
    smallBudgetMax,
    largeBudgetMin,
  };
}

function notesOf(
  { notes }: ResultsTable,
  { sftPrice, pairPrice, equivalenceMargin }: AnalyzeOptions,
): string[] {
  return [
    ...notes,
    `Prices: $${sftPrice} per demonstration, $${pairPrice} per pair. Equivalence margin: ${equivalenceMargin}.`,
  ];
}

function renderSubject(analysis: SubjectAnalysis, ink: Ink): string[] {
  return [ink.strong(`── ${nameSubject(analysis)}`), '', ...renderResults(analysis, ink), ''];
}

/** Relative to the working directory if it is inside, else absolute. */
function shownPath(path: string): string {
  const from = relative('.', path);
  return from.startsWith('..') ? resolve(path) : from;
}

/** `budgetline analyze RESULTS.csv`: analyses scores of any origin; needs no server and no store. */
export async function analyzeCommand(file: string, options: AnalyzeOptions): Promise<void> {
  const table = await readResults(file, options.axis);
  const analyses = analyzeResults(table.rows, rulesOf(options));
  const notes = notesOf(table, options);
  const source = basename(file);
  const { reportPath, chartsPath } = await writeTableReport({ source, analyses, notes }, options);
  const printer = createPrinter(options);
  printer.print([
    ...analyses.flatMap((analysis) => renderSubject(analysis, printer.ink)),
    ...(options.axis === undefined ? [] : [...renderWinners(analyses, printer.ink), '']),
    ...notes.flatMap((note) => wrap(note)),
    '',
    `Report   ${shownPath(reportPath)}`,
    `Charts   ${shownPath(chartsPath)}`,
  ]);
  if (options.json !== true) return;
  const subjects = analyses.map((analysis) => ({ analysis, scale: table.scales.get(analysis.task) ?? 1 }));
  printJson(toResultsDocument({ source, subjects, notes }));
}
