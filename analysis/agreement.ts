import type { Estimate } from '../contracts/analysis/estimate';
import type { LabelCounts, LabelPattern } from '../contracts/metrics';
import { createDraws } from './random';
import { quantile } from './special';

/** Sums that agreement is computed from; additive over rows. */
interface Sums {
  /** Labels of rows that have two or more, in all and by label. */
  readonly labels: number;
  readonly byLabel: readonly number[];
  /** Sum over labels of the share of the row's other labels that differ. */
  readonly disagreement: number;
}

const noSums: Sums = { labels: 0, byLabel: [], disagreement: 0 };

function addSums(a: Sums, b: Sums, times = 1): Sums {
  const labels = Math.max(a.byLabel.length, b.byLabel.length);
  const at = (index: number): number => (a.byLabel[index] ?? 0) + times * (b.byLabel[index] ?? 0);
  return {
    labels: a.labels + times * b.labels,
    byLabel: Array.from({ length: labels }, (_, index) => at(index)),
    disagreement: a.disagreement + times * b.disagreement,
  };
}

/** Rows with one label do not count. */
function sumsOf(counts: LabelCounts): Sums {
  const labels = counts.reduce((sum, count) => sum + count, 0);
  if (labels < 2) return noSums;
  const differing = counts.reduce((sum, count) => sum + count * (labels - count), 0);
  return { labels, byLabel: counts, disagreement: differing / (labels - 1) };
}

/** 1 − observed ∕ expected disagreement; NaN where every label is the same: chance agrees as well. */
function alphaOf({ labels, byLabel, disagreement }: Sums): number {
  const differing = byLabel.reduce((sum, count) => sum + count * (labels - count), 0);
  return differing === 0 ? Number.NaN : 1 - (disagreement * (labels - 1)) / differing;
}

const resamples = 1000;

/** Alphas of resampled items, without those in which every label is the same. */
function resampledAlphas(items: readonly Sums[], times: readonly number[]): Float64Array {
  const drawn = items.flatMap((_, index) => Array.from({ length: times[index]! }, () => index));
  const random = createDraws('labels');
  const alphas = Array.from({ length: resamples }, () => {
    const counts = new Float64Array(items.length);
    for (let i = 0; i < drawn.length; i++) counts[drawn[Math.floor(random.uniform() * drawn.length)]!]!++;
    return alphaOf(items.reduce((sum, each, index) => addSums(sum, each, counts[index]), noSums));
  });
  return Float64Array.from(alphas.filter((alpha) => !Number.isNaN(alpha)));
}

/**
 * Krippendorff's alpha of nominal labels: 1 if all agree, 0 if they agree as by chance (Krippendorff, *Computing
 * Krippendorff's Alpha-Reliability*, 2011). Unlike other coefficients it allows different numbers of labels and different
 * annotators by row. The interval is a bootstrap of items with all of their rows.
 *
 * @returns null if nothing was labelled twice, or every label is the same
 */
export function krippendorffAlpha(patterns: readonly LabelPattern[]): Estimate | null {
  const items = patterns.map(({ rows }) => rows.map(sumsOf).reduce((a, b) => addSums(a, b), noSums));
  const times = patterns.map((pattern) => pattern.times);
  const estimate = alphaOf(items.reduce((sum, each, index) => addSums(sum, each, times[index]), noSums));
  if (Number.isNaN(estimate)) return null;
  if (times.reduce((sum, each) => sum + each, 0) < 2) return { estimate, low: null, high: null };
  const alphas = resampledAlphas(items, times);
  return { estimate, low: quantile(alphas, 0.025), high: quantile(alphas, 0.975) };
}
