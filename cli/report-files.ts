import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { analyzeSweep } from '../analysis';
import { baseItemsKey, controlItemsKey, type SweepAnalysis } from '../contracts/analysis';
import { sweepDefinition, type SweepDefinition } from '../contracts/definition';
import { BudgetlineError } from '../contracts/failures';
import type { SweepResult } from '../contracts/results';
import { itemResult, type ItemResult } from '../contracts/rows';
import type { StageKey, StageKind } from '../contracts/stage';
import { planEvidence } from '../report/evidence';
import type { MetricRow, ReportInput, RunRecord } from '../report/input';
import { ensureDir, isMissing, type Store, writeFileAtomic } from '../store';

/** All that a report needs besides the store's artifacts; result.json holds this, and the analysis for readers. */
export interface SweepRecord {
  readonly definition: SweepDefinition;
  readonly annotatorDescription: string;
  readonly result: SweepResult;
  readonly run: RunRecord;
}

/** Files of a finished sweep. */
export interface ReportFiles {
  readonly analysis: SweepAnalysis;
  readonly reportPath: string;
  readonly resultPath: string;
  /** Folder of the report's pictures, as SVG and PNG. */
  readonly figuresPath: string;
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

const readItems = (store: Store, key: StageKey): Promise<ItemResult[] | undefined> =>
  readRows(store, { kind: 'evaluate', key, file: 'items.jsonl' }, itemResult);

/** Item rows by run, for the analysis: of every evaluation that the store has. */
async function readAllItems(store: Store, result: SweepResult): Promise<Map<string, ItemResult[]>> {
  const wanted: [string, StageKey][] = [
    [baseItemsKey, result.base.key],
    ...result.cells.map(({ cell, evaluation }): [string, StageKey] => [cell.id, evaluation.key]),
    ...result.controls.map((control): [string, StageKey] => [
      controlItemsKey(control),
      control.evaluation.key,
    ]),
  ];
  const items = new Map<string, ItemResult[]>();
  for (const [name, key] of wanted) {
    const rows = await readItems(store, key);
    if (rows !== undefined) items.set(name, rows);
  }
  return items;
}

async function readEvidence(
  store: Store,
  { result }: SweepRecord,
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

/** Analyses a finished sweep and writes result.json and report.html, each in one step, and the pictures beside them. */
export async function writeReport(store: Store, record: SweepRecord): Promise<ReportFiles> {
  const { result, definition } = record;
  const items = await readAllItems(store, result);
  const analysis = analyzeSweep({ result, definition, items });
  const { renderReport, reportFigures } = await import('../report/index.js');
  const input = { ...record, analysis, ...(await readEvidence(store, record, analysis)) };
  const html = await renderReport(input);
  const folder = await ensureDir(store.paths.report(result.sweepId));
  const [reportPath, resultPath] = [join(folder, 'report.html'), join(folder, 'result.json')];
  await writeFileAtomic(resultPath, `${JSON.stringify({ format: 1, ...record, analysis }, null, 2)}\n`);
  await writeFileAtomic(reportPath, html);
  const { writeFigures } = await import('./figure-files.js');
  const figuresPath = await writeFigures(join(folder, 'figures'), reportFigures(input));
  return { analysis, reportPath, resultPath, figuresPath };
}

/** What is relied on when result.json is read again; the rest of it is as this program wrote it. */
const recordShape = z.looseObject({
  format: z.literal(1),
  definition: sweepDefinition,
  annotatorDescription: z.string(),
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
