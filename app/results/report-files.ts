import { join } from 'node:path';
import { analyzeSweep } from '../../analysis';
import type { SweepAnalysis } from '../../contracts/analysis/sweep';
import { BudgetlineError } from '../../core/failures';
import { storedFormat } from '../../core/stored-format';
import type { AuditTotals } from '../../contracts/run-timeline';
import type { SweepResult } from '../../contracts/results';
import { coordinatesSlug, splitResult, type VariantResult } from '../../planning';
import { priceRatioOf } from '../../stages';
import { reportFolder } from '../../host/home';
import { planEvidence } from '../../report/evidence';
import type { ReportInput, PlaceLink } from '../../report/input';
import { ensureDir, writeFileAtomic } from '../../host/durable-files';
import type { Store } from '../../store';
import { type HomeOptions, placeOf } from '../location';
import {
  readAllItems,
  readAuxiliaryItems,
  readChosenLogRatios,
  readItems,
  readMetrics,
  readTestItems,
} from './artifact-rows';
import type { PlaceFacts } from '../plan/place-facts';
import { loadReport } from './load-report';
import { readRunTotals } from './run-totals';
import { renderScoresCsv } from './scores-csv';
import type { SweepRecord } from './sweep-record';

/** Options of {@link writeReport}. The home is the one in which the sweep ran. */
export interface ReportOptions extends HomeOptions {
  /** Folder of the files. Default: `reports/SWEEP_ID` in the home. */
  readonly out?: string;
}

/** The report of one combination of axis values. A sweep without axes has one. */
export interface ReportPart {
  readonly analysis: SweepAnalysis;
  readonly reportPath: string;
  /** Folder of the report's charts, as SVG and PNG. */
  readonly chartsPath: string;
}

/** Files of a finished sweep. */
export interface ReportFiles {
  /** The report. With axes: the page of their first values. */
  readonly path: string;
  readonly parts: readonly [ReportPart, ...ReportPart[]];
  /** result.json, which `readResult` reads. */
  readonly resultPath: string;
  /** scores.csv, which `budgetline analyze` reads; null if budgets are in US dollars. */
  readonly scoresPath: string | null;
  /** Totals of the sweep's ledger; undefined if the ledger is not in this store. */
  readonly totals: AuditTotals | undefined;
}

async function readEvidence(
  store: Store,
  result: SweepResult,
  analysis: SweepAnalysis,
): Promise<Pick<ReportInput, 'training' | 'answers'>> {
  const plan = planEvidence(result, analysis);
  const training = plan.training.map(async ({ stageKind: kind, stageKey: key, ...stage }) => {
    return { ...stage, rows: (await readMetrics(store, { kind, key })) ?? [] };
  });
  const answers = plan.answers.map(async ({ name, evaluationKey }) => {
    return { name, items: (await readItems(store, evaluationKey)) ?? [] };
  });
  return { training: await Promise.all(training), answers: await Promise.all(answers) };
}

/** The result for one combination of axis values, with its analysis. */
interface AnalyzedPart extends VariantResult {
  readonly facts: PlaceFacts;
  readonly analysis: SweepAnalysis;
}

/** Without items, comparisons would silently be unpaired. */
function assertArtifactsAreThere(store: Store, { sweepId, cells }: SweepResult, found: number): void {
  if (found > 0 || cells.length === 0) return;
  throw new BudgetlineError('INPUT_MISSING', `The artifacts of ${sweepId} are not in ${store.name}.`, {
    remedy: 'Use the home in which the sweep ran.',
  });
}

async function analyzePart(store: Store, part: VariantResult, facts: PlaceFacts): Promise<AnalyzedPart> {
  const { coordinates, definition, result } = part;
  const axes = Object.keys(coordinates).length === 0 ? {} : { axes: coordinates };
  const items = await readAllItems(store, result);
  assertArtifactsAreThere(store, result, items.size);
  const auxiliaryItems = await readAuxiliaryItems(store, part);
  const testItems = await readTestItems(store, result);
  const chosenLogRatios = await readChosenLogRatios(store, result, facts.loss);
  const priceRatio = priceRatioOf(definition);
  const input = {
    result,
    definition,
    items,
    testItems,
    auxiliaryItems,
    chosenLogRatios,
    priceRatio,
    ...axes,
  };
  return { ...part, facts, analysis: analyzeSweep(input) };
}

const pageOf = ({ coordinates }: VariantResult): string => `report${coordinatesSlug(coordinates)}.html`;

/** Links from one page to the pages of the other combinations of axis values. */
function placesFor(page: AnalyzedPart, parts: readonly AnalyzedPart[]): PlaceLink[] {
  return parts.map((part) => ({
    analysis: part.analysis,
    href: part === page ? undefined : encodeURIComponent(pageOf(part)),
  }));
}

async function writePart(
  store: Store,
  { totals, ...record }: SweepRecord & Pick<ReportFiles, 'totals'>,
  { part, parts, folder }: { part: AnalyzedPart; parts: readonly AnalyzedPart[]; folder: string },
): Promise<ReportPart> {
  const { coordinates, definition, result, analysis } = part;
  const { renderReport, reportCharts, writeCharts } = loadReport();
  const { annotatorDescription, loss, otherPrices, ...facts } = part.facts;
  const run = { ...record.run, ...facts };
  const evidence = await readEvidence(store, result, analysis);
  const places = placesFor(part, parts);
  const input = {
    definition,
    result,
    run,
    annotatorDescription,
    loss,
    otherPrices,
    analysis,
    places,
    totals,
    ...evidence,
  };
  const reportPath = join(folder, pageOf(part));
  await writeFileAtomic(reportPath, await renderReport(input));
  const chartsFolder = join(folder, `charts${coordinatesSlug(coordinates)}`);
  const chartsPath = await writeCharts(chartsFolder, reportCharts(input));
  return { analysis, reportPath, chartsPath };
}

/** The analyses of a sweep for `--json` and result.json: one, or one for each combination of axis values. */
export function analysesOf(parts: ReportFiles['parts']): object {
  const [{ analysis }] = parts;
  if (analysis.axes === undefined) return { analysis };
  return { analyses: parts.map((part) => ({ axes: part.analysis.axes, analysis: part.analysis })) };
}

/** The contents of result.json: the record of a finished sweep with its analyses. */
export function resultDocument(record: SweepRecord, { parts, totals }: Omit<ReportFiles, 'path'>): object {
  const { definition, places, result, run } = record;
  return { format: storedFormat, definition, places, result, run, totals, ...analysesOf(parts) };
}

/**
 * Analyses a finished sweep and writes its files: a report for each combination of axis values,
 * charts (SVG and PNG), result.json and scores.csv. Replaces existing files, each in one step.
 *
 * @example
 * ```ts
 * const { path } = await writeReport(await readResult(sweepId));
 * console.log(path);
 * ```
 *
 * @param record from {@link readResult}
 * @returns the paths of the files, and the analyses
 * @throws BudgetlineError INPUT_MISSING (the artifacts are in another home), ARTIFACT_CORRUPT, LEDGER_CORRUPT,
 * STORE_UNWRITABLE
 */
export async function writeReport(
  record: SweepRecord,
  { out, ...location }: ReportOptions = {},
): Promise<ReportFiles> {
  const { home, store } = placeOf(location);
  const { result, definition } = record;
  const parts: AnalyzedPart[] = [];
  for (const [index, part] of splitResult(definition, result).entries())
    parts.push(await analyzePart(store, part, record.places[index]!));
  const totals = await readRunTotals(store, result.sweepId);
  const folder = await ensureDir(out ?? reportFolder(home, result.sweepId));
  const written: ReportPart[] = [];
  for (const part of parts)
    written.push(await writePart(store, { ...record, totals }, { part, parts, folder }));
  const resultPath = join(folder, 'result.json');
  const scoresPath = definition.budgetUnit === 'usd' ? null : join(folder, 'scores.csv');
  const files = { parts: written as [ReportPart, ...ReportPart[]], resultPath, scoresPath, totals };
  await writeFileAtomic(resultPath, `${JSON.stringify(resultDocument(record, files), null, 2)}\n`);
  if (scoresPath !== null) await writeFileAtomic(scoresPath, renderScoresCsv(parts));
  return { path: files.parts[0].reportPath, ...files };
}
