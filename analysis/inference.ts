import type { Estimate } from '../contracts/analysis/estimate';
import { clusteredVariance, type Clusters } from './clusters';
import { createResamples } from './resamples';
import type { Grid, Unit } from './grid';
import { scoreInterval } from './interval';
import { measureUnit, type Measure, type Metric } from './measure';
import { poolSeeds, seedVariance, type SeedPool, type SeedPools } from './seed-pool';
import { tCritical95 } from './special';

/** A weighted sum of units' means of one metric, such as +1 and −1 for a difference. */
export interface Contrast {
  readonly metric: Metric;
  readonly terms: readonly { readonly unit: Unit; readonly weight: number }[];
  readonly estimate: number;
  /** Null: unknown. */
  readonly standardError: number | null;
  readonly degreesOfFreedom: number;
}

/** Statistics of one grid, for tables, diagnoses and verdicts. */
export interface Inference {
  readonly grid: Grid;
  /** Number of joint resamples. */
  readonly resamples: number;
  measure(unit: Unit, metric?: Metric): Measure;
  /** A unit's mean with its interval. */
  score(unit: Unit): Estimate;
  contrast(terms: Contrast['terms'], metric?: Metric): Contrast;
  /** One unit less another, item by item. */
  difference(unit: Unit, other: Unit, metric?: Metric): Contrast;
  /** Bootstrap replicates of a contrast less its estimate. Null: no standard error. */
  replicates(contrast: Contrast): Float64Array | null;
  pools(metric: Metric): SeedPools;
}

/** How a contrast's weights load on one seed pool. */
interface Loading {
  readonly pool: SeedPool;
  readonly bySeed: Map<number, number>;
  own: number;
}

function loadSeeds(terms: Contrast['terms'], pools: SeedPools): Loading[] {
  const loadings = new Map<string, Loading>();
  for (const { unit, weight } of terms) {
    const pool = pools.of.get(unit.key);
    if (pool === undefined) continue;
    const loading = loadings.get(pool.key) ?? { pool, bySeed: new Map<number, number>(), own: 0 };
    const share = weight / unit.runs.length;
    for (const { seed } of unit.runs) loading.bySeed.set(seed, (loading.bySeed.get(seed) ?? 0) + share);
    loading.own += weight * share;
    loadings.set(pool.key, loading);
  }
  return [...loadings.values()];
}

/** Factor from the pool's seed variance to the contrast's. */
function seedFactor({ pool, bySeed, own }: Loading): number {
  const common = [...bySeed.values()].reduce((sum, weight) => sum + weight ** 2, 0);
  return pool.commonShare * common + (1 - pool.commonShare) * own;
}

/** Variance from the seeds, and the sum by which Satterthwaite's formula divides. */
export function seedPart(terms: Contrast['terms'], pools: SeedPools): { variance: number; divisor: number } {
  let variance = 0;
  let divisor = 0;
  for (const loading of loadSeeds(terms, pools)) {
    const factor = seedFactor(loading);
    variance += factor * seedVariance(loading.pool);
    divisor += (factor * loading.pool.variance) ** 2 / loading.pool.degreesOfFreedom;
  }
  return { variance, divisor };
}

/** Variance from the items: of the weighted sum item by item, and of each unpaired measure by itself. */
function itemPart(
  measures: readonly Measure[],
  weights: readonly number[],
  clusters: Clusters | null,
): number | null {
  let unpaired = 0;
  const paired: { items: Float64Array; weight: number }[] = [];
  for (const [i, measure] of measures.entries()) {
    if (measure.itemVariance === null) return null;
    if (measure.items === null) unpaired += weights[i]! ** 2 * measure.itemVariance;
    else paired.push({ items: measure.items, weight: weights[i]! });
  }
  return unpaired + pairedVariance(paired, clusters);
}

function pairedVariance(
  terms: readonly { items: Float64Array; weight: number }[],
  clusters: Clusters | null,
): number {
  const count = terms[0]?.items.length ?? 0;
  if (count < 2) return 0;
  if (clusters !== null) return clusteredVariance(weighItems(terms, count), clusters);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (const term of terms) value += term.weight * term.items[i]!;
    sum += value;
    squares += value * value;
  }
  return Math.max(0, squares - (sum * sum) / count) / (count - 1) / count;
}

function weighItems(terms: readonly { items: Float64Array; weight: number }[], count: number): Float64Array {
  const total = new Float64Array(count);
  for (const { items, weight } of terms) items.forEach((value, i) => (total[i]! += weight * value));
  return total;
}

/**
 * Smallest item variance of a contrast of shares. Without it, two models that agree on every item would have an interval
 * of width 0; with it the bound is near 3 / n, as for a share with no case seen.
 */
function varianceFloor(metric: Metric, measures: readonly Measure[], weights: readonly number[]): number {
  const count = Math.min(...measures.map((measure) => measure.items?.length ?? Infinity));
  if (metric === 'meanTokens' || !Number.isFinite(count)) return 0;
  return weights.reduce((sum, weight) => sum + weight ** 2, 0) / (count + 2) ** 2;
}

/** Merges terms of the same unit and drops those that cancel. */
function mergeTerms(terms: Contrast['terms']): { unit: Unit; weight: number }[] {
  const merged = new Map<string, { unit: Unit; weight: number }>();
  for (const { unit, weight } of terms) {
    const before = merged.get(unit.key)?.weight ?? 0;
    merged.set(unit.key, { unit, weight: before + weight });
  }
  return [...merged.values()].filter(({ weight }) => weight !== 0);
}

function buildContrast(
  metric: Metric,
  terms: readonly { unit: Unit; weight: number }[],
  source: Pick<Inference, 'grid' | 'measure' | 'pools'>,
): Contrast {
  const measures = terms.map(({ unit }) => source.measure(unit, metric));
  const weights = terms.map(({ weight }) => weight);
  const estimate = measures.reduce((sum, measure, i) => sum + weights[i]! * measure.estimate, 0);
  const items = itemPart(measures, weights, source.grid.clusters);
  const point = { metric, terms, estimate, standardError: null, degreesOfFreedom: Infinity };
  if (items === null) return point;
  if (terms.length === 0) return { ...point, standardError: 0 };
  const seeds = seedPart(terms, source.pools(metric));
  const total = Math.max(items, varianceFloor(metric, measures, weights)) + seeds.variance;
  const degreesOfFreedom = seeds.divisor === 0 ? Infinity : total ** 2 / seeds.divisor;
  return { ...point, standardError: Math.sqrt(total), degreesOfFreedom };
}

function remember<Value>(compute: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

/** Base, groups and controls, as far as there are any. */
export function unitsOf({ base, groups, controls }: Grid): Unit[] {
  return [...(base === null ? [] : [base]), ...groups, ...controls];
}

/** A control has its cell's seed variance: controls that begin from one warm start are not independent. */
function withControls({ controls }: Grid, of: SeedPools['of']): SeedPools['of'] {
  const borrowed = controls.flatMap(({ key, of: cell }) => {
    const pool = of.get(cell.key);
    return pool === undefined ? [] : [[key, pool] as const];
  });
  return new Map([...of, ...borrowed]);
}

/** No run has items or their number, but there are seeds: intervals are over seeds, for these items. */
export function variesBySeedsAlone(grid: Grid): boolean {
  const runs = unitsOf(grid).flatMap((unit) => unit.runs);
  return grid.seeds.length > 1 && runs.every(({ rows, summary }) => rows === null && summary.items === 0);
}

/** Creates the statistics of one grid. Measures, pools and resamples are computed on first use. */
export function createInference(grid: Grid, resamples: number): Inference {
  const units = new Map(unitsOf(grid).map((unit) => [unit.key, unit]));
  const layout = { fixedItems: variesBySeedsAlone(grid), clusters: grid.clusters };
  const measures = remember((key) => {
    const [metric, ...unitKey] = key.split('|');
    return measureUnit(units.get(unitKey.join('|'))!, metric as Metric, layout);
  });
  const measure = (unit: Unit, metric: Metric = 'score'): Measure => measures(`${metric}|${unit.key}`);
  const pooled = remember((metric) => {
    const pools = poolSeeds(grid.groups.map((unit) => measure(unit, metric as Metric)));
    return { ...pools, of: withControls(grid, pools.of) };
  });
  const pools = (metric: Metric): SeedPools => pooled(metric);
  const contrast = (terms: Contrast['terms'], metric: Metric = 'score'): Contrast =>
    buildContrast(metric, mergeTerms(terms), { grid, measure, pools });
  const drawn = createResamples({ resamples, items: grid.items, clusters: grid.clusters, pools });
  return {
    grid,
    resamples,
    measure,
    pools,
    contrast,
    score: (unit) => scoreInterval(measure(unit), seedPart([{ unit, weight: 1 }], pools('score'))),
    difference: (unit, other, metric = 'score') =>
      contrast(
        [
          { unit, weight: 1 },
          { unit: other, weight: -1 },
        ],
        metric,
      ),
    replicates: ({ metric, terms, standardError }) =>
      standardError === null
        ? null
        : drawn.combine(terms.map((t) => ({ ...t, measure: measure(t.unit, metric) }))),
  };
}

/** The interval of a half width, within the possible differences of shares. */
export function intervalWithin({ estimate, metric, terms }: Contrast, half: number): Estimate {
  const [low, high] = [estimate - half, estimate + half];
  if (metric === 'meanTokens') return { estimate, low, high };
  const weights = terms.map(({ weight }) => weight);
  const most = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
  const least = weights.reduce((sum, weight) => sum + Math.min(0, weight), 0);
  return {
    estimate,
    low: Math.min(estimate, Math.max(least, low)),
    high: Math.max(estimate, Math.min(most, high)),
  };
}

/** A contrast's own 95% interval, by Student's t. */
export function intervalOf(contrast: Contrast): Estimate {
  const { estimate, standardError, degreesOfFreedom } = contrast;
  if (standardError === null) return { estimate, low: null, high: null };
  return intervalWithin(contrast, tCritical95(degreesOfFreedom) * standardError);
}
