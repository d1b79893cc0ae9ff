import type { Measure } from './measure';
import { mean } from './moments';
import { fUpperTail } from './special';

/**
 * The variance between training seeds, pooled over units. Three seeds of one unit give a poor estimate; pooling over a
 * budget gives enough degrees of freedom that intervals are not four times as wide. A common seed effect (units trained
 * on the same rows vary together) is estimated separately, as it cancels in differences.
 */
export interface SeedPool {
  readonly key: string;
  /** Variance of one run's mean about its unit's, items × seeds interaction included. */
  readonly variance: number;
  /** The part of it that is items × seeds interaction, which the item variance covers already. */
  readonly residual: number;
  /** Share of the seed variance that the units of the pool have in common, 0 … 1. */
  readonly commonShare: number;
  /** Degrees of freedom of `variance`. */
  readonly degreesOfFreedom: number;
}

/** Seed variance of one run's mean. */
export function seedVariance(pool: SeedPool): number {
  return Math.max(0, pool.variance - pool.residual);
}

const degreesOfFreedomOf = (measure: Measure): number => measure.byRun.length - 1;

function squaresOf(measure: Measure): number {
  return measure.byRun.reduce((sum, value) => sum + (value - measure.estimate) ** 2, 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function pooledVariance(measures: readonly Measure[]): number {
  return sum(measures.map(squaresOf)) / sum(measures.map(degreesOfFreedomOf));
}

/** Squares and degrees of freedom of the seed effect that the measures have in common. */
function commonSeedEffect(measures: readonly Measure[]): { squares: number; degreesOfFreedom: number } {
  const bySeed = new Map<number, number[]>();
  for (const measure of measures) {
    measure.unit.runs.forEach((run, i) => {
      const deviation = measure.byRun[i]! - measure.estimate;
      bySeed.set(run.seed, [...(bySeed.get(run.seed) ?? []), deviation]);
    });
  }
  const squares = sum([...bySeed.values()].map((values) => values.length * mean(values) ** 2));
  return { squares, degreesOfFreedom: bySeed.size - 1 };
}

interface Layout {
  readonly common: { readonly squares: number; readonly degreesOfFreedom: number };
  readonly own: { readonly squares: number; readonly degreesOfFreedom: number };
}

function layOut(measures: readonly Measure[]): Layout {
  const common = commonSeedEffect(measures);
  const squares = sum(measures.map(squaresOf)) - common.squares;
  return {
    common,
    own: { squares, degreesOfFreedom: sum(measures.map(degreesOfFreedomOf)) - common.degreesOfFreedom },
  };
}

/**
 * Degrees of freedom of the pooled variance: all of them, or fewer by Satterthwaite if units vary together by seed.
 */
function pooledDegreesOfFreedom({ common, own }: Layout): number {
  const all = common.degreesOfFreedom + own.degreesOfFreedom;
  if (common.squares * own.degreesOfFreedom <= own.squares * common.degreesOfFreedom) return all;
  const spread = common.squares ** 2 / common.degreesOfFreedom + own.squares ** 2 / own.degreesOfFreedom;
  return (common.squares + own.squares) ** 2 / spread;
}

/** The common seed variance. It narrows differences, so it must pass an F test at 5%. */
function commonVariance({ common, own }: Layout, units: number): number {
  const commonMean = common.squares / common.degreesOfFreedom;
  const ownMean = own.squares / own.degreesOfFreedom;
  if (commonMean <= ownMean) return 0;
  const ratio = commonMean / ownMean;
  const byChance =
    Number.isFinite(ratio) && fUpperTail(ratio, common.degreesOfFreedom, own.degreesOfFreedom) > 0.05;
  return byChance ? 0 : (commonMean - ownMean) / units;
}

/** Pools measures of one metric: units × seeds as a two-way layout. */
function poolMeasures(key: string, measures: readonly Measure[]): SeedPool {
  const degreesOfFreedom = sum(measures.map(degreesOfFreedomOf));
  const residual = mean(measures.map((measure) => measure.residual));
  const plain = { key, variance: pooledVariance(measures), residual, commonShare: 0, degreesOfFreedom };
  const layout = layOut(measures);
  const between = seedVariance(plain);
  if (measures.length < 2 || layout.own.degreesOfFreedom <= 0 || between === 0) return plain;
  const commonShare = Math.min(1, commonVariance(layout, measures.length) / between);
  return { ...plain, commonShare, degreesOfFreedom: pooledDegreesOfFreedom(layout) };
}

/** The measure whose seeds vary significantly more than the others' (F test at 1%, Bonferroni); undefined: none. */
function findOutlier(measures: readonly Measure[]): Measure | undefined {
  const tails = measures.map((measure) => {
    const rest = measures.filter((other) => other !== measure);
    const own = squaresOf(measure) / degreesOfFreedomOf(measure);
    const pooled = pooledVariance(rest);
    if (own <= pooled) return 1;
    return pooled === 0
      ? 0
      : fUpperTail(own / pooled, degreesOfFreedomOf(measure), sum(rest.map(degreesOfFreedomOf)));
  });
  const least = Math.min(...tails);
  return least < 0.01 / measures.length ? measures[tails.indexOf(least)] : undefined;
}

function splitOutliers(measures: readonly Measure[]): { kept: Measure[]; outliers: Measure[] } {
  const kept = [...measures];
  const outliers: Measure[] = [];
  while (kept.length >= 3) {
    const outlier = findOutlier(kept);
    if (outlier === undefined) break;
    kept.splice(kept.indexOf(outlier), 1);
    outliers.push(outlier);
  }
  return { kept, outliers };
}

/** Pools by budget if each has six degrees of freedom, else over all budgets. */
function partition(measures: readonly Measure[]): Map<string, Measure[]> {
  const byBudget = new Map<string, Measure[]>();
  for (const measure of measures) {
    const key = String(measure.unit.budget);
    byBudget.set(key, [...(byBudget.get(key) ?? []), measure]);
  }
  const enough = [...byBudget.values()].every((list) => sum(list.map(degreesOfFreedomOf)) >= 6);
  return enough ? byBudget : new Map([['all', [...measures]]]);
}

export interface SeedPools {
  /** By unit key. The base, and units of a sweep with one seed, have none. */
  readonly of: ReadonlyMap<string, SeedPool>;
  /** Units whose seeds vary significantly more than the others'; they keep their own variance. */
  readonly outliers: readonly Measure[];
}

/** Pools the seed variance of measures of one metric. */
export function poolSeeds(measures: readonly Measure[]): SeedPools {
  const seeded = measures.filter((measure) => measure.unit.budget !== null);
  const of = new Map<string, SeedPool>();
  const outliers: Measure[] = [];
  for (const [key, list] of partition(seeded)) {
    const split = splitOutliers(list.filter((measure) => degreesOfFreedomOf(measure) > 0));
    if (split.kept.length === 0) continue;
    const pool = poolMeasures(key, split.kept);
    for (const measure of list) of.set(measure.unit.key, pool);
    for (const measure of split.outliers) of.set(measure.unit.key, poolMeasures(measure.unit.key, [measure]));
    outliers.push(...split.outliers);
  }
  return { of, outliers };
}
