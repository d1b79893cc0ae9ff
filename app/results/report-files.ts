import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { analyzeSweep } from '../../analysis';
import { baseItemsKey, type SweepAnalysis } from '../../contracts/analysis';
import type { AuditTotals } from '../../contracts/audit-story';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import { sweepDefinition, type SweepDefinition } from '../../schemas/definition';
import { BudgetlineError } from '../../contracts/failures';
import { hasNoReference } from '../../contracts/loss-titles';
import { type CellResult, controlIdOf, type SweepResult } from '../../contracts/results';
import { itemResult, type ItemResult } from '../../schemas/rows';
import type { StageKey, StageKind } from '../../contracts/stage';
import { coordinatesSlug, splitResult, type VariantResult } from '../../planning';
import { planEvidence } from '../../report/evidence';
import type { MetricRow, ReportInput, RunRecord, ToldPlace } from '../../report/input';
import type { PlaceFacts } from '../plan/place-facts';
import { readRunTotals } from './run-totals';
import { renderScoresCsv } from './scores-csv';
import { ensureDir, isMissing, type Store, writeFileAtomic } from '../../store';

/** All that a report needs besides the store's artifacts; result.json holds this, and the analysis for readers. */
export interface SweepRecord {
  readonly definition: SweepDefinition;
  /** Of every place on the axes, in the planner's order; one where there are none. */
  readonly places: readonly PlaceFacts[];
  readonly result: SweepResult;
  readonly run: RunRecord;
}

/** What is told of one place on a sweep's axes; a sweep without axes has one. */
export interface ReportPart {
  readonly analysis: SweepAnalysis;
  readonly reportPath: string;
  /** Folder of the report's pictures, as SVG and PNG. */
  readonly figuresPath: string;
}

/** Files of a finished sweep. */
export interface ReportFiles {
  readonly parts: readonly [ReportPart, ...ReportPart[]];
  readonly resultPath: string;
  /** The scores for `budgetline analyze`; null of a sweep over money, whose budgets are no rows. */
  readonly scoresPath: string | null;
  /** By the ledger; undefined where this store has none of the sweep. */
  readonly totals: AuditTotals | undefined;
}

const metricRow = z.strictObject({ step: z.number(), values: z.record(z.string(), z.number()) });

/** Rows of a JSON Lines file of an artifact; undefined where the artifact is not in this store. */
async function readRows<T>(
  store: Store,
  place: { kind: StageKind; key: StageKey; file: string },
  schema: z.ZodType<T>,
): Promise<T[] | undefined> {
  const path = join(store.paths.artifact(place), place.file);
  try {
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line) => schema.parse(JSON.parse(line)));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} cannot be read.`, { details: { path }, cause });
  }
}

/** Items of an evaluation: of the task that is tuned for, or of one beside by its name. */
function readItems(store: Store, key: StageKey, auxiliary?: string): Promise<ItemResult[] | undefined> {
  const file = auxiliary === undefined ? 'items.jsonl' : join('auxiliary', auxiliary, 'items.jsonl');
  return readRows(store, { kind: 'evaluate', key, file }, itemResult);
}

/** Item rows by run, for the analysis: of every evaluation that the store has. */
async function readAllItems(
  store: Store,
  result: SweepResult,
  auxiliary?: string,
): Promise<Map<string, ItemResult[]>> {
  const wanted: [string, StageKey][] = [
    ...(result.base === null ? [] : [[baseItemsKey, result.base.key] as [string, StageKey]]),
    ...result.cells.map(({ cell, evaluation }): [string, StageKey] => [cell.id, evaluation.key]),
    ...result.controls.map((control): [string, StageKey] => [controlIdOf(control), control.evaluation.key]),
  ];
  const items = new Map<string, ItemResult[]>();
  for (const [name, key] of wanted) {
    const rows = await readItems(store, key, auxiliary);
    if (rows !== undefined) items.set(name, rows);
  }
  return items;
}

async function readAuxiliaryItems(
  store: Store,
  { definition, result }: Pick<SweepRecord, 'definition' | 'result'>,
): Promise<Map<string, Map<string, ItemResult[]>>> {
  const names = (definition.evaluation.auxiliary ?? []).map(nameOfAuxiliary);
  const items = names.map(async (name) => [name, await readAllItems(store, result, name)] as const);
  return new Map(await Promise.all(items));
}

/** Steps at the end of preference training over which the reward of the chosen answers is averaged. */
const lastSteps = 10;

async function readChosenReward(store: Store, { stages }: CellResult): Promise<number | undefined> {
  const stage = stages.find(({ kind }) => kind === 'trainPreference');
  if (stage === undefined) return undefined;
  const rows = await readRows(store, { kind: stage.kind, key: stage.key, file: 'metrics.jsonl' }, metricRow);
  const rewards = (rows ?? []).slice(-lastSteps).flatMap(({ values }) => values['rewards/chosen'] ?? []);
  return rewards.length === 0 ? undefined : rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
}

/** By cell id: whether the policy still finds the chosen answers as likely as its reference did. */
async function readChosenRewards(
  store: Store,
  { result, definition }: VariantResult,
): Promise<Map<string, number>> {
  const rewards = new Map<string, number>();
  if (hasNoReference(definition.preference.loss.name)) return rewards;
  for (const cell of result.cells) {
    const reward = await readChosenReward(store, cell);
    if (reward !== undefined) rewards.set(cell.cell.id, reward);
  }
  return rewards;
}

async function readEvidence(
  store: Store,
  result: SweepResult,
  analysis: SweepAnalysis,
): Promise<Pick<ReportInput, 'training' | 'answers'>> {
  const plan = planEvidence(result, analysis);
  const training = plan.training.map(async ({ stageKey, ...stage }) => {
    const place = { kind: stage.kind, key: stageKey, file: 'metrics.jsonl' };
    const rows: MetricRow[] = (await readRows(store, place, metricRow)) ?? [];
    return { ...stage, rows };
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
function placesFor(page: AnalyzedPart, parts: readonly AnalyzedPart[]): ToldPlace[] {
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
  const { renderReport, reportFigures } = await import('../../report/index.js');
  const { annotatorDescription = '', ...facts } = record.places[parts.indexOf(part)] ?? {};
  const run = { ...record.run, ...facts };
  const evidence = await readEvidence(store, result, analysis);
  const places = placesFor(part, parts);
  const told = { annotatorDescription, analysis, places, totals };
  const input = { definition, result, run, ...told, ...evidence };
  const folder = await ensureDir(store.paths.report(record.result.sweepId));
  const reportPath = join(folder, pageOf(part));
  await writeFileAtomic(reportPath, await renderReport(input));
  const { writeFigures } = await import('./figure-files.js');
  const figuresFolder = join(folder, `figures${coordinatesSlug(coordinates)}`);
  const figuresPath = await writeFigures(figuresFolder, reportFigures(input));
  return { analysis, reportPath, figuresPath };
}

/** The analyses of a sweep as `--json` and result.json have them: one, or one for each place on its axes. */
export function analysesOf(parts: ReportFiles['parts']): object {
  const [{ analysis }] = parts;
  if (analysis.axes === undefined) return { analysis };
  return { analyses: parts.map((part) => ({ axes: part.analysis.axes, analysis: part.analysis })) };
}

/** Analyses a finished sweep and writes a report for each place on its axes, result.json and scores.csv, each in one step. */
export async function writeReport(store: Store, record: SweepRecord): Promise<ReportFiles> {
  const { result, definition } = record;
  const parts: AnalyzedPart[] = [];
  for (const part of splitResult(definition, result)) parts.push(await analyzePart(store, part));
  const totals = await readRunTotals(store, result.sweepId);
  const written: ReportPart[] = [];
  for (const part of parts) written.push(await writePart(store, { ...record, totals }, { part, parts }));
  const files = written as [ReportPart, ...ReportPart[]];
  const folder = await ensureDir(store.paths.report(result.sweepId));
  const resultPath = join(folder, 'result.json');
  const document = { format: 1, ...record, totals, ...analysesOf(files) };
  await writeFileAtomic(resultPath, `${JSON.stringify(document, null, 2)}\n`);
  const scoresPath = definition.budgetUnit === 'usd' ? null : join(folder, 'scores.csv');
  if (scoresPath !== null) await writeFileAtomic(scoresPath, renderScoresCsv(parts));
  return { parts: files, resultPath, scoresPath, totals };
}

/** What is relied on when result.json is read again; the rest of it is as this program wrote it. */
const recordShape = z.looseObject({
  format: z.literal(1),
  definition: sweepDefinition,
  places: z.array(z.looseObject({})),
  result: z.looseObject({ sweepId: z.string(), cells: z.array(z.looseObject({})) }),
  run: z.looseObject({}),
});

/**
 * Reads the result of a sweep that finished on this BUDGETLINE_HOME.
 *
 * @throws BudgetlineError INPUT_MISSING, ARTIFACT_CORRUPT
 */
export async function readRecord(store: Store, sweepId: string): Promise<SweepRecord> {
  const path = join(store.paths.report(sweepId), 'result.json');
  try {
    const parsed = recordShape.parse(JSON.parse(await readFile(path, 'utf8')));
    return parsed as unknown as SweepRecord;
  } catch (cause) {
    if (isMissing(cause))
      throw new BudgetlineError(
        'INPUT_MISSING',
        `No result of the sweep "${sweepId}" is in ${store.paths.home}.`,
        {
          remedy: `Run the sweep again: finished stages come from the store. Looked for ${path}.`,
          details: { path },
        },
      );
    throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} is no result of a sweep.`, {
      remedy: 'Run the sweep again: finished stages come from the store.',
      details: { path },
      cause,
    });
  }
}
