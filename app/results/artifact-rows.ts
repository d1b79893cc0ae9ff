import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { baseItemsKey } from '../../contracts/analysis/sweep';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import { BudgetlineError } from '../../core/failures';
import { type CellResult, controlIdOf, type SweepResult } from '../../contracts/results';
import type { StageKey, StageResult } from '../../contracts/stage';
import { evaluate, rulesOf } from '../../stages';
import type { LossFacts } from '../../losses/facts';
import type { MetricRow } from '../../report/input';
import { parseRows } from '../../schemas/json-lines';
import { itemResult, type ItemResult } from '../../schemas/rows';
import { isMissing } from '../../host/fs-errors';
import type { Store } from '../../store';
import type { SweepRecord } from './sweep-record';

const metricRow = z.strictObject({ step: z.number(), values: z.record(z.string(), z.number()) });

/** Rows of a JSON Lines file of an artifact; undefined if the artifact is not in this store. */
async function readRows<T>(
  store: Store,
  place: { kind: string; key: StageKey; file: string },
  schema: z.ZodType<T>,
): Promise<T[] | undefined> {
  const artifact = await store.get(place);
  if (artifact === undefined) return undefined;
  const path = join(artifact.dir, place.file);
  try {
    return parseRows({ path, text: await readFile(path, 'utf8'), code: 'ARTIFACT_CORRUPT' }, schema);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    if (cause instanceof BudgetlineError) throw cause;
    throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} cannot be read.`, { details: { path }, cause });
  }
}

/** Items of an evaluation: of the main task, or of an auxiliary task by name. */
export function readItems(
  store: Store,
  key: StageKey,
  auxiliary?: string,
): Promise<ItemResult[] | undefined> {
  const file = auxiliary === undefined ? 'items.jsonl' : join('auxiliary', auxiliary, 'items.jsonl');
  return readRows(store, { kind: evaluate.kind, key, file }, itemResult);
}

/** A run's name in the analysis, and the key of its evaluation. */
type Wanted = readonly (readonly [name: string, key: StageKey])[];

async function readEach(
  store: Store,
  wanted: Wanted,
  auxiliary?: string,
): Promise<Map<string, ItemResult[]>> {
  const items = new Map<string, ItemResult[]>();
  for (const [name, key] of wanted) {
    const rows = await readItems(store, key, auxiliary);
    if (rows !== undefined) items.set(name, rows);
  }
  return items;
}

/** Item rows by run, for the analysis: of every evaluation in the store that runs are compared by. */
export function readAllItems(
  store: Store,
  { base, cells, controls }: SweepResult,
  auxiliary?: string,
): Promise<Map<string, ItemResult[]>> {
  const wanted: Wanted = [
    ...(base === null ? [] : [[baseItemsKey, base.key] as const]),
    ...cells.map(({ cell, evaluation }) => [cell.id, evaluation.key] as const),
    ...controls.map((control) => [controlIdOf(control), control.evaluation.key] as const),
  ];
  return readEach(store, wanted, auxiliary);
}

/** Item rows of the evaluations on test items, by what they evaluated. */
export const readTestItems = (store: Store, { tests }: SweepResult): Promise<Map<string, ItemResult[]>> =>
  readEach(
    store,
    tests.flatMap(({ of, evaluation }) => (evaluation === null ? [] : [[of, evaluation.key] as const])),
  );

export async function readAuxiliaryItems(
  store: Store,
  { definition, result }: Pick<SweepRecord, 'definition' | 'result'>,
): Promise<Map<string, Map<string, ItemResult[]>>> {
  const names = (definition.evaluation.auxiliary ?? []).map(nameOfAuxiliary);
  const items = names.map(async (name) => [name, await readAllItems(store, result, name)] as const);
  return new Map(await Promise.all(items));
}

/** Metrics of a training stage, one row per optimiser step or held-out evaluation; undefined if its artifact is not in this store. */
export function readMetrics(
  store: Store,
  stage: { kind: string; key: StageKey },
): Promise<MetricRow[] | undefined> {
  return readRows(store, { ...stage, file: 'metrics.jsonl' }, metricRow);
}

/** Steps at the end of preference training over which the reward of the chosen answers is averaged. */
const lastSteps = 10;

/** The preference tuning that the scored weights come from, the last one if a pipeline has several. */
async function tuningBehind(
  store: Store,
  { evaluation, stages }: CellResult,
): Promise<StageResult | undefined> {
  const learnsFromPairs = ({ kind }: StageResult): boolean => rulesOf(kind)?.learnsFrom === 'pairs';
  if (!stages.some(learnsFromPairs)) return undefined;
  const byKey = new Map(stages.map((stage) => [stage.key, stage]));
  const queue: StageKey[] = [evaluation.key];
  for (const key of queue) {
    const stage = byKey.get(key);
    if (stage === undefined || stage.makes === 'rows') continue;
    if (learnsFromPairs(stage)) return stage;
    queue.push(...Object.values((await store.get(stage))?.manifest.inputs ?? {}));
  }
  return undefined;
}

const tuningSpec = z.looseObject({ loss: z.looseObject({ beta: z.number().positive() }) });

async function readChosenLogRatio(store: Store, cell: CellResult): Promise<number | undefined> {
  const stage = await tuningBehind(store, cell);
  if (stage === undefined) return undefined;
  const spec = tuningSpec.safeParse((await store.get(stage))?.manifest.spec);
  if (!spec.success) return undefined;
  const rows = await readMetrics(store, stage);
  const steps = (rows ?? []).filter(({ values }) => values['loss'] !== undefined);
  const rewards = steps.slice(-lastSteps).flatMap(({ values }) => values['rewards/chosen'] ?? []);
  if (rewards.length === 0) return undefined;
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  return mean / spec.data.loss.beta;
}

/** Mean of `rewards/chosen` / β over the last steps, by cell id: log π − log π_ref of the chosen answers. */
export async function readChosenLogRatios(
  store: Store,
  { cells }: SweepResult,
  { needsReference }: LossFacts,
): Promise<Map<string, number>> {
  const ratios = new Map<string, number>();
  if (!needsReference) return ratios;
  for (const cell of cells) {
    const ratio = await readChosenLogRatio(store, cell);
    if (ratio !== undefined) ratios.set(cell.cell.id, ratio);
  }
  return ratios;
}
