import { join } from 'node:path';
import { analyzeSweep } from '../../analysis';
import type { SweepAnalysis } from '../../contracts/analysis';
import type { AuditTotals } from '../../contracts/run-timeline';
import type { SweepResult } from '../../contracts/results';
import { coordinatesSlug, splitResult, type VariantResult } from '../../planning';
import { planEvidence } from '../../report/evidence';
import type { ReportInput, PlaceLink } from '../../report/input';
import { ensureDir, type Store, writeFileAtomic } from '../../store';
import { type HomeOptions, storeOf } from '../location';
import { readAllItems, readAuxiliaryItems, readChosenRewards, readItems, readMetrics } from './artifact-rows';
import { loadReport } from './load-report';
import { readRunTotals } from './run-totals';
import { renderScoresCsv } from './scores-csv';
import type { SweepRecord } from './sweep-record';

/** One place on a sweep's axes; a sweep without axes has one. */
export interface ReportPart {
  readonly analysis: SweepAnalysis;
  readonly reportPath: string;
  /** Folder of the report's pictures, as SVG and PNG. */
  readonly figuresPath: string;
}

/** Files of a finished sweep. */
export interface ReportFiles {
  /** The report; of a sweep with axes, the page of their first values. */
  readonly path: string;
  readonly parts: readonly [ReportPart, ...ReportPart[]];
  readonly resultPath: string;
  /** The scores for `budgetline analyze`; null of a sweep over money, whose budgets are no rows. */
  readonly scoresPath: string | null;
  /** By the ledger; undefined where this store has none of the sweep. */
  readonly totals: AuditTotals | undefined;
}

async function readEvidence(
  store: Store,
  result: SweepResult,
  analysis: SweepAnalysis,
): Promise<Pick<ReportInput, 'training' | 'answers'>> {
  const plan = planEvidence(result, analysis);
  const training = plan.training.map(async ({ stageKey, ...stage }) => {
    return { ...stage, rows: (await readMetrics(store, { kind: stage.kind, key: stageKey })) ?? [] };
  });
  const answers = plan.answers.map(async ({ name, evaluationKey }) => {
    return { name, items: (await readItems(store, evaluationKey)) ?? [] };
  });
  return { training: await Promise.all(training), answers: await Promise.all(answers) };
}

/** A part of a sweep's result with what it says. */
interface AnalyzedPart extends VariantResult {
  readonly analysis: SweepAnalysis;
}

async function analyzePart(store: Store, part: VariantResult): Promise<AnalyzedPart> {
  const { coordinates, definition, result } = part;
  const axes = Object.keys(coordinates).length === 0 ? {} : { axes: coordinates };
  const items = await readAllItems(store, result);
  const auxiliaryItems = await readAuxiliaryItems(store, part);
  const chosenRewards = await readChosenRewards(store, part);
  const input = { result, definition, items, auxiliaryItems, chosenRewards, ...axes };
  return { ...part, analysis: analyzeSweep(input) };
}

const pageOf = ({ coordinates }: VariantResult): string => `report${coordinatesSlug(coordinates)}.html`;

/** Every place on the axes, as the page of one of them tells of it. */
function placesFor(page: AnalyzedPart, parts: readonly AnalyzedPart[]): PlaceLink[] {
  return parts.map((part) => ({
    analysis: part.analysis,
    ...(part === page ? {} : { href: encodeURIComponent(pageOf(part)) }),
  }));
}

async function writePart(
  store: Store,
  { totals, ...record }: SweepRecord & Pick<ReportFiles, 'totals'>,
  { part, parts }: { part: AnalyzedPart; parts: readonly AnalyzedPart[] },
): Promise<ReportPart> {
  const { coordinates, definition, result, analysis } = part;
  const { renderReport, reportCharts, writeFigures } = loadReport();
  const { annotatorDescription = '', ...facts } = record.places[parts.indexOf(part)] ?? {};
  const run = { ...record.run, ...facts };
  const evidence = await readEvidence(store, result, analysis);
  const places = placesFor(part, parts);
  const told = { annotatorDescription, analysis, places, totals };
  const input = { definition, result, run, ...told, ...evidence };
  const folder = await ensureDir(store.paths.report(record.result.sweepId));
  const reportPath = join(folder, pageOf(part));
  await writeFileAtomic(reportPath, await renderReport(input));
  const figuresFolder = join(folder, `figures${coordinatesSlug(coordinates)}`);
  const figuresPath = await writeFigures(figuresFolder, reportCharts(input));
  return { analysis, reportPath, figuresPath };
}

/** The analyses of a sweep as `--json` and result.json have them: one, or one for each place on its axes. */
export function analysesOf(parts: ReportFiles['parts']): object {
  const [{ analysis }] = parts;
  if (analysis.axes === undefined) return { analysis };
  return { analyses: parts.map((part) => ({ axes: part.analysis.axes, analysis: part.analysis })) };
}

/** The record of a finished sweep with its analyses: what result.json holds. */
export function resultDocument(record: SweepRecord, { parts, totals }: Omit<ReportFiles, 'path'>): object {
  const { definition, places, result, run } = record;
  return { format: 1, definition, places, result, run, totals, ...analysesOf(parts) };
}

/**
 * Analyses a finished sweep and writes its files into the home: a report for each place on its axes, figures (SVG and
 * PNG), result.json and scores.csv. Files that are there are replaced, each in one step.
 *
 * @example
 * ```ts
 * const { path } = await writeReport(await readResult(sweepId));
 * console.log(path);
 * ```
 *
 * @throws BudgetlineError ARTIFACT_CORRUPT, LEDGER_CORRUPT, STORE_UNWRITABLE
 */
export async function writeReport(record: SweepRecord, options: HomeOptions = {}): Promise<ReportFiles> {
  const store = storeOf(options);
  const { result, definition } = record;
  const parts: AnalyzedPart[] = [];
  for (const part of splitResult(definition, result)) parts.push(await analyzePart(store, part));
  const totals = await readRunTotals(store, result.sweepId);
  const written: ReportPart[] = [];
  for (const part of parts) written.push(await writePart(store, { ...record, totals }, { part, parts }));
  const folder = await ensureDir(store.paths.report(result.sweepId));
  const resultPath = join(folder, 'result.json');
  const scoresPath = definition.budgetUnit === 'usd' ? null : join(folder, 'scores.csv');
  const files = { parts: written as [ReportPart, ...ReportPart[]], resultPath, scoresPath, totals };
  await writeFileAtomic(resultPath, `${JSON.stringify(resultDocument(record, files), null, 2)}\n`);
  if (scoresPath !== null) await writeFileAtomic(scoresPath, renderScoresCsv(parts));
  return { path: files.parts[0].reportPath, ...files };
}
