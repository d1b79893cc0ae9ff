import type { Clusters } from './clusters';
import type { Unit } from './grid';
import type { Measure, Metric } from './measure';
import { createDraws } from './random';
import type { SeedPool, SeedPools } from './seed-pool';

/** Joint bootstrap resamples: all measures share resampled items and seed effects. */
export interface Resamples {
  /** Replicates of a weighted sum less its estimate. */
  combine(terms: readonly { unit: Unit; weight: number; measure: Measure }[]): Float64Array;
}

/** One pool's share in the resamples. */
interface PoolResamples {
  /** Seed variance, resampled by its own uncertainty, which makes the tails Student's. */
  readonly variance: Float64Array;
  common(seed: number): Float64Array;
}

/** How often each thing occurs in each resample; shape [resamples, things]. */
function resample(resamples: number, things: number): Uint8Array {
  const random = createDraws('items');
  const counts = new Uint8Array(resamples * things);
  for (let d = 0; d < resamples; d++) {
    for (let i = 0; i < things; i++) counts[d * things + Math.floor(random.uniform() * things)]!++;
  }
  return counts;
}

/** Resampled items: occurrences of each, and their total by resample. */
interface Resampled {
  readonly counts: Uint8Array;
  readonly totals: Float64Array;
}

/** Resamples items, or whole prompts where items are clustered. */
function resampleItems(resamples: number, items: number, clusters: Clusters | null): Resampled {
  if (clusters === null)
    return { counts: resample(resamples, items), totals: new Float64Array(resamples).fill(items) };
  const drawn = resample(resamples, clusters.count);
  const counts = new Uint8Array(resamples * items);
  const totals = new Float64Array(resamples);
  for (let d = 0; d < resamples; d++) {
    for (let i = 0; i < items; i++) {
      const times = drawn[d * clusters.count + clusters.of[i]!]!;
      counts[d * items + i] = times;
      totals[d]! += times;
    }
  }
  return { counts, totals };
}

function drawNormals(label: string, resamples: number): Float64Array {
  const random = createDraws(label);
  return Float64Array.from({ length: resamples }, () => random.normal());
}

function drawPool(pool: SeedPool, resamples: number): PoolResamples {
  const random = createDraws(`variance ${pool.key}`);
  const variance = Float64Array.from({ length: resamples }, () => {
    const known = random.chiSquare(pool.degreesOfFreedom) / pool.degreesOfFreedom;
    return pool.variance === 0 ? 0 : Math.max(0, pool.variance / known - pool.residual);
  });
  const bySeed = new Map<number, Float64Array>();
  return {
    variance,
    common: (seed) => {
      const normals = bySeed.get(seed) ?? drawNormals(`seed ${pool.key} ${seed}`, resamples);
      bySeed.set(seed, normals);
      return normals;
    },
  };
}

function addItems(into: Float64Array, measure: Measure, resampled: () => Resampled): void {
  const { items, estimate, itemVariance, unit, metric } = measure;
  if (items === null) {
    const deviation = Math.sqrt(itemVariance ?? 0);
    drawNormals(`unpaired ${metric} ${unit.key}`, into.length).forEach((z, d) => (into[d]! += deviation * z));
    return;
  }
  const count = items.length;
  const { counts, totals } = resampled();
  for (let d = 0; d < into.length; d++) {
    let sum = 0;
    const offset = d * count;
    for (let i = 0; i < count; i++) sum += counts[offset + i]! * items[i]!;
    into[d]! += sum / totals[d]! - estimate;
  }
}

function addSeeds(into: Float64Array, measure: Measure, pool: SeedPool, drawn: PoolResamples): void {
  const { runs, key } = measure.unit;
  const own = drawNormals(`own ${measure.metric} ${key}`, into.length);
  const common = runs.map((run) => drawn.common(run.seed));
  const ownWeight = Math.sqrt((1 - pool.commonShare) / runs.length);
  const commonWeight = Math.sqrt(pool.commonShare) / runs.length;
  for (let d = 0; d < into.length; d++) {
    let effect = ownWeight * own[d]!;
    for (const normals of common) effect += commonWeight * normals[d]!;
    into[d]! += Math.sqrt(drawn.variance[d]!) * effect;
  }
}

/** Creates the resamples. Each measure's are computed once, on first use, independent of the order of use. */
export function createResamples(options: {
  readonly resamples: number;
  readonly items: number;
  readonly clusters: Clusters | null;
  readonly pools: (metric: Metric) => SeedPools;
}): Resamples {
  const known = new Map<string, Float64Array>();
  const poolResamples = new Map<string, PoolResamples>();
  let counts: Resampled | undefined;

  const drawMeasure = (measure: Measure): Float64Array => {
    const into = new Float64Array(options.resamples);
    addItems(
      into,
      measure,
      () => (counts ??= resampleItems(options.resamples, options.items, options.clusters)),
    );
    const pool = options.pools(measure.metric).of.get(measure.unit.key);
    if (pool === undefined) return into;
    const key = `${measure.metric} ${pool.key}`;
    const drawn = poolResamples.get(key) ?? drawPool({ ...pool, key }, options.resamples);
    poolResamples.set(key, drawn);
    addSeeds(into, measure, pool, drawn);
    return into;
  };

  return {
    combine: (terms) => {
      const total = new Float64Array(options.resamples);
      for (const { unit, weight, measure } of terms) {
        const key = `${measure.metric}|${unit.key}`;
        const resamples = known.get(key) ?? drawMeasure(measure);
        known.set(key, resamples);
        for (let d = 0; d < total.length; d++) total[d]! += weight * resamples[d]!;
      }
      return total;
    },
  };
}
