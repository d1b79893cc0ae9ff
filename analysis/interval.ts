import type { Estimate } from '../contracts/analysis/estimate';
import { mean, variance } from './moments';
import { itemCount, type Measure } from './measure';
import { tCritical95 } from './special';

/** Ratio of the items' variance to that of a coin of the same mean: 1 for binary items of one seed. */
function designEffect({ items, itemVariance, estimate }: Share): number {
  const coin = estimate * (1 - estimate);
  if (items === null || itemVariance === null || coin <= 0) return 1;
  return Math.max((itemVariance * items.length) / coin, 2 / items.length);
}

interface SeedPart {
  readonly variance: number;
  readonly divisor: number;
}

/** Student's interval over seeds alone, for scores whose number of items is unknown. */
function seedInterval(estimate: number, { variance: between, divisor }: SeedPart): Estimate {
  const half = divisor === 0 ? 0 : tCritical95(between ** 2 / divisor) * Math.sqrt(between);
  return { estimate, low: Math.max(0, estimate - half), high: Math.min(1, estimate + half) };
}

/**
 * Wilson's interval for a share, on the effective number of coin tosses. For one seed and binary items this is Wilson's
 * own; graded items increase the effective number, seed variance reduces it.
 */
export function scoreInterval(measure: Measure, seeds: SeedPart): Estimate {
  return shareInterval({ ...measure, count: itemCount(measure) }, seeds);
}

/** The same for the items of one run. */
export function meanInterval(values: readonly number[]): Estimate {
  const items = Float64Array.from(values);
  const share = { estimate: mean(items), items, itemVariance: variance(items) / items.length };
  return shareInterval({ ...share, count: items.length }, { variance: 0, divisor: 0 });
}

type Share = Pick<Measure, 'estimate' | 'items' | 'itemVariance'>;

function shareInterval(measure: Share & { readonly count: number }, seeds: SeedPart): Estimate {
  const { estimate, itemVariance, count } = measure;
  if (itemVariance === null) return { estimate, low: null, high: null };
  if (count <= 0) return seedInterval(estimate, seeds);
  const smoothed = (estimate * count + 2) / (count + 4);
  const coin = smoothed * (1 - smoothed);
  const total = (designEffect(measure) * coin) / count + seeds.variance;
  const critical = tCritical95(seeds.divisor === 0 ? Infinity : total ** 2 / seeds.divisor);
  return wilson(estimate, coin / total, critical);
}

function wilson(estimate: number, tosses: number, critical: number): Estimate {
  const spread = critical ** 2 / tosses;
  const centre = (estimate + spread / 2) / (1 + spread);
  const half =
    (critical / (1 + spread)) * Math.sqrt((estimate * (1 - estimate)) / tosses + spread / (4 * tosses));
  return {
    estimate,
    low: Math.max(0, Math.min(estimate, centre - half)),
    high: Math.min(1, Math.max(estimate, centre + half)),
  };
}
