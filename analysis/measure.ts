import type { StyleRates } from '../contracts/analysis/estimate';
import type { ItemResult } from '../schemas/rows';
import { clusteredVariance, type Clusters } from './clusters';
import type { Run, RunSummary, Unit } from './grid';
import { mean, variance } from './moments';

/** A metric of an item: the score, a style flag, a length. */
export type Metric = 'score' | keyof StyleRates;

export const styleMetrics = [
  'wellFormedRate',
  'truncatedRate',
  'noEosRate',
  'meanTokens',
  'repetitionRate',
] as const;

const readItem: Record<Metric, (row: ItemResult) => number> = {
  score: (row) => row.score,
  wellFormedRate: (row) => Number(row.wellFormed),
  truncatedRate: (row) => Number(row.truncated),
  noEosRate: (row) => Number(row.finish === 'length'),
  meanTokens: (row) => row.tokens,
  repetitionRate: (row) => row.repetition,
};

/** One metric of one unit, with the parts of its uncertainty. */
export interface Measure {
  readonly unit: Unit;
  readonly metric: Metric;
  /** Mean over items and seeds. */
  readonly estimate: number;
  /** Mean over seeds, by item. Null: items cannot be paired. */
  readonly items: Float64Array | null;
  /** Variance of `estimate` from the choice of items. Null: unknown. */
  readonly itemVariance: number | null;
  /** Mean over items, by run. */
  readonly byRun: readonly number[];
  /** Variance of one run's mean that comes from the items × seeds interaction. */
  readonly residual: number;
}

/** Mean square of the items × runs interaction, of a two-way layout with one value a place. */
function interactionMeanSquare(columns: readonly Float64Array[], rowMeans: Float64Array): number {
  const total = mean(rowMeans);
  let sum = 0;
  for (const column of columns) {
    const shift = mean(column) - total;
    for (let i = 0; i < column.length; i++) sum += (column[i]! - rowMeans[i]! - shift) ** 2;
  }
  return sum / ((rowMeans.length - 1) * (columns.length - 1));
}

function meanColumns(columns: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(columns[0]!.length);
  for (const column of columns) column.forEach((value, i) => (total[i]! += value));
  return total.map((sum) => sum / columns.length);
}

export interface ItemLayout {
  /** No run has items: only seeds vary. */
  readonly fixedItems: boolean;
  readonly clusters: Clusters | null;
}

function measureItems(
  { unit, metric }: { unit: Unit; metric: Metric },
  rows: readonly (readonly ItemResult[])[],
  clusters: Clusters | null,
): Measure {
  const columns = rows.map((run) => Float64Array.from(run.map(readItem[metric])));
  const count = columns[0]!.length;
  const items = meanColumns(columns);
  const several = columns.length > 1 && count > 1;
  return {
    unit,
    metric,
    estimate: mean(items),
    items,
    itemVariance: clusters === null ? variance(items) / count : clusteredVariance(items, clusters),
    byRun: columns.map(mean),
    residual: several ? interactionMeanSquare(columns, items) / count : 0,
  };
}

/** NaN: the metric was not recorded. */
function readSummary(summary: RunSummary, metric: Metric): number {
  return summary[metric] ?? Number.NaN;
}

/** Variance of a share without item rows: the binomial one, the largest possible for scores in 0 … 1. */
function summaryVariance(runs: readonly Run[], metric: Metric, estimate: number): number | null {
  const count = Math.min(...runs.map((run) => run.summary.items));
  if (count <= 0 || metric === 'meanTokens' || !(estimate >= 0 && estimate <= 1)) return null;
  return (estimate * (1 - estimate)) / count;
}

/** Measures a unit, from its items if all its runs have them, else from its summaries. */
export function measureUnit(unit: Unit, metric: Metric, { fixedItems, clusters }: ItemLayout): Measure {
  const rows = unit.runs.map((run) => run.rows).filter((run) => run !== null);
  if (rows.length === unit.runs.length) return measureItems({ unit, metric }, rows, clusters);
  const byRun = unit.runs.map((run) => readSummary(run.summary, metric));
  const estimate = mean(byRun);
  const itemVariance = fixedItems ? 0 : summaryVariance(unit.runs, metric, estimate);
  return { unit, metric, estimate, items: null, itemVariance, byRun, residual: 0 };
}

/** Number of items of a measure. 0: unknown. */
export function itemCount(measure: Measure): number {
  return measure.items?.length ?? Math.min(...measure.unit.runs.map((run) => run.summary.items));
}
