import type { StyleRates } from '../contracts/analysis/estimate';
import { baseItemsKey } from '../contracts/analysis/sweep';
import type { BudgetUnit } from '../schemas/definition';
import { type Bought, type CellIdentity, controlIdOf, type ControlResult } from '../contracts/results';
import type { StageResult } from '../contracts/stage';
import type { ItemResult } from '../schemas/rows';
import { clusterByPrompt, type Clusters } from './clusters';
import { type TrainedStage, trainedStages } from './training';

/** Summary of one evaluation, for runs without item rows. */
export interface RunSummary extends StyleRates {
  /** 0: unknown. */
  readonly items: number;
  /** 0 … 1. */
  readonly score: number;
}

/** One cell with one seed, as the statistics need it. */
export interface CellInput {
  readonly cell: Pick<CellIdentity, 'id' | 'budget' | 'sftFraction' | 'seed' | 'sftRows' | 'pairRows'>;
  readonly bought?: Bought;
  readonly evaluation: RunSummary;
  readonly annotationUsd: number;
  /** Finished stages, if known. */
  readonly stages?: readonly StageResult[];
  /** log π − log π_ref of the chosen answers at the end of preference training, if known. */
  readonly chosenLogRatio?: number | null;
}

/** The results of one task and base model. */
export interface GridInput {
  /** Unit of the budgets. Default: rows. */
  readonly unit?: BudgetUnit;
  /** Null: the base model was not evaluated. */
  readonly base: RunSummary | null;
  readonly cells: readonly CellInput[];
  /** Further cells that controls are compared with; they are in no group. Default: none. */
  readonly compared?: readonly CellInput[];
  readonly controls: readonly (Omit<ControlResult, 'evaluation'> & { readonly evaluation: RunSummary })[];
}

/** One trained and evaluated model. `rows` are in the order of the shared item ids. Null: they cannot be paired. */
export interface Run {
  readonly seed: number;
  readonly cellId: string;
  readonly summary: RunSummary;
  readonly rows: readonly ItemResult[] | null;
}

/** Unit of comparison: the base model, a budget and SFT share, or a control. Its runs differ by seed alone. */
export interface Unit {
  readonly key: string;
  /** Null: the base, which has no seeds. */
  readonly budget: number | null;
  readonly runs: readonly Run[];
}

export interface Group extends Unit {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  /** Of its first seed. */
  readonly bought?: Bought;
  readonly annotationUsd: number;
  /** Training stages of its first seed. */
  readonly trained: readonly TrainedStage[];
  /** Mean over the seeds that know it. */
  readonly chosenLogRatio: number | null;
}

export interface ControlUnit extends Unit {
  readonly kind: ControlResult['kind'];
  /** The changed setting. Null: the kind has none. */
  readonly setting: string | null;
  /** The group that it is compared with. */
  readonly of: Group;
  /** US dollars for the rows of one seed. */
  readonly annotationUsd: number;
  /** Training stages of one of its seeds. */
  readonly trained: readonly TrainedStage[];
}

/** A sweep's results as the statistics see them: seeds grouped, items aligned by id. */
export interface Grid {
  readonly unit: BudgetUnit;
  /** Null: the base model was not evaluated. */
  readonly base: Unit | null;
  /** By budget, then by falling fraction. */
  readonly groups: readonly Group[];
  readonly controls: readonly ControlUnit[];
  /** Items that all paired runs have in common. */
  readonly items: number;
  /** Items by prompt. Null: every item has its own. */
  readonly clusters: Clusters | null;
  readonly seeds: readonly number[];
  readonly notes: readonly string[];
}

export type ItemsByRun = ReadonlyMap<string, readonly ItemResult[]>;

interface Alignment {
  rowsOf(key: string): readonly ItemResult[] | null;
  readonly items: number;
  /** The rows of one of the aligned runs. */
  readonly common: readonly ItemResult[];
  readonly notes: readonly string[];
}

function sortById(rows: readonly ItemResult[]): readonly ItemResult[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function idsOf(rows: readonly ItemResult[]): string {
  return JSON.stringify(rows.map((row) => row.id));
}

/** The list of ids that most runs share; on ties the longer one, then the first by text. */
function commonIds(lists: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const ids of lists) counts.set(ids, (counts.get(ids) ?? 0) + 1);
  const ranked = [...counts].sort(([a, n], [b, m]) => m - n || b.length - a.length || (a < b ? -1 : 1));
  return ranked[0]?.[0] ?? '[]';
}

/** Pairs the runs by item id. Runs on other items, or with repeated ids, are compared unpaired, with a note. */
function alignItems(items: ItemsByRun, keys: readonly string[]): Alignment {
  const sorted = new Map<string, readonly ItemResult[]>();
  for (const key of keys) {
    const rows = items.get(key);
    if (rows !== undefined && rows.length > 0) sorted.set(key, sortById(rows));
  }
  const ids = new Map([...sorted].map(([key, rows]) => [key, idsOf(rows)]));
  const common = commonIds([...ids.values()]);
  const unpaired = [...ids].filter(([, list]) => list !== common).map(([key]) => key);
  const missing = keys.filter((key) => !sorted.has(key));
  return {
    rowsOf: (key) => (ids.get(key) === common ? (sorted.get(key) ?? null) : null),
    items: (JSON.parse(common) as string[]).length,
    common: [...sorted].find(([key]) => ids.get(key) === common)?.[1] ?? [],
    notes: [
      ...unpaired.map(
        (key) => `${key} was evaluated on other items than the rest, so it is compared unpaired.`,
      ),
      ...missing.map((key) => `${key} has no item rows, so it is compared unpaired, from its summary.`),
    ],
  };
}

const unaligned: Alignment = { rowsOf: () => null, items: 0, common: [], notes: [] };

const bySeed = (a: Run, b: Run): number => a.seed - b.seed;

function groupCells(cells: readonly CellInput[], alignment: Alignment): Group[] {
  const byKey = new Map<string, CellInput[]>();
  for (const result of cells) {
    const key = `${result.cell.budget}/${result.cell.sftFraction}`;
    byKey.set(key, [...(byKey.get(key) ?? []), result]);
  }
  const groups = [...byKey].map(([key, results]) => toGroup(key, results, alignment));
  return groups.sort((a, b) => a.budget - b.budget || b.sftFraction - a.sftFraction);
}

function toGroup(key: string, results: readonly CellInput[], alignment: Alignment): Group {
  const [{ cell: place, bought, stages }] = results as [CellInput];
  const { budget, sftFraction, sftRows, pairRows } = place;
  const annotationUsd = results.reduce((sum, result) => sum + result.annotationUsd, 0) / results.length;
  const runs = results.map(({ cell, evaluation }) => ({
    seed: cell.seed,
    cellId: cell.id,
    summary: evaluation,
    rows: alignment.rowsOf(cell.id),
  }));
  const ratios = results.flatMap(({ chosenLogRatio }) => chosenLogRatio ?? []);
  const chosenLogRatio =
    ratios.length === 0 ? null : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const counts = { budget, sftFraction, sftRows, pairRows, bought };
  const trained = trainedStages(stages);
  return { key, ...counts, annotationUsd, trained, chosenLogRatio, runs: runs.sort(bySeed) };
}

function groupControls(
  controls: GridInput['controls'],
  groups: readonly Group[],
  alignment: Alignment,
): ControlUnit[] {
  const units = new Map<string, ControlUnit & { runs: Run[] }>();
  for (const control of controls) {
    const of = groups.find((group) => group.runs.some((run) => run.cellId === control.of));
    const seed = of?.runs.find((run) => run.cellId === control.of)?.seed;
    if (of === undefined || seed === undefined) continue;
    const { kind, setting = null, annotationUsd } = control;
    const key = controlIdOf({ ...control, of: of.key });
    const trained = trainedStages(control.stages);
    const facts = { key, kind, setting, budget: of.budget, of, annotationUsd, trained };
    const unit = units.get(key) ?? { ...facts, runs: [] };
    const rows = alignment.rowsOf(controlIdOf(control));
    unit.runs.push({ seed, cellId: control.of, summary: control.evaluation, rows });
    units.set(key, unit);
  }
  for (const unit of units.values()) unit.runs.sort(bySeed);
  return [...units.values()].sort((a, b) => groups.indexOf(a.of) - groups.indexOf(b.of));
}

function baseUnit(summary: RunSummary, alignment: Alignment): Unit {
  const run = { seed: 0, cellId: baseItemsKey, summary, rows: alignment.rowsOf(baseItemsKey) };
  return { key: baseItemsKey, budget: null, runs: [run] };
}

/** Groups results by budget and SFT share, with items aligned. Null items: only summaries. */
export function buildGrid(
  { unit = 'rows', base, cells, compared = [], controls }: GridInput,
  items: ItemsByRun | null,
): Grid {
  const cellIds = cells.map(({ cell }) => cell.id).sort();
  const controlIds = controls.map(controlIdOf).sort();
  const baseIds = base === null ? [] : [baseItemsKey];
  const alignment = items === null ? unaligned : alignItems(items, [...baseIds, ...cellIds, ...controlIds]);
  const groups = groupCells(cells, alignment);
  return {
    unit,
    base: base && baseUnit(base, alignment),
    groups,
    controls: groupControls(controls, [...groups, ...groupCells(compared, unaligned)], alignment),
    items: alignment.items,
    clusters: clusterByPrompt(alignment.common),
    seeds: [...new Set(cells.map(({ cell }) => cell.seed))].sort((a, b) => a - b),
    notes: alignment.notes,
  };
}

/**
 * The frozen model that a group's preference tuning began from: its control, the base model at SFT share 0, or the cell
 * of SFT alone with as many demonstrations. Undefined: the group has no pairs, or its warm start has no score.
 */
export function warmStartOf({ base, groups, controls }: Grid, group: Group): Unit | undefined {
  if (group.pairRows === 0) return undefined;
  if (group.sftRows === 0) return base ?? undefined;
  return (
    controls.find(({ kind, of }) => kind === 'warm-start' && of === group) ??
    groups.find(({ sftRows, pairRows }) => pairRows === 0 && sftRows === group.sftRows)
  );
}

/** Budgets in rising order, each with its groups by falling SFT share. */
export function groupsByBudget(groups: readonly Group[]): Map<number, Group[]> {
  const byBudget = new Map<number, Group[]>();
  for (const group of groups) byBudget.set(group.budget, [...(byBudget.get(group.budget) ?? []), group]);
  return byBudget;
}
