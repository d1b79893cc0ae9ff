import type { Estimate } from '../contracts/analysis/estimate';
import type { Unit } from './grid';
import { intervalWithin, type Contrast, type Inference } from './inference';
import type { Metric } from './measure';
import { quantile, tCritical95 } from './special';

/**
 * A comparison of the best of one set with the best of another: row a, column b holds a − b. A single linear contrast is
 * a 1 × 1 matrix.
 */
export type ContrastMatrix = readonly (readonly Contrast[])[];

/** Half the width of a contrast's interval; null without a standard error. */
type HalfWidth = (contrast: Contrast) => number | null;

/** All differences between two sets of units. */
export function crossUnits(
  inference: Inference,
  left: readonly Unit[],
  right: readonly Unit[],
  metric: Metric = 'score',
): ContrastMatrix {
  return left.map((a) => right.map((b) => inference.difference(a, b, metric)));
}

/**
 * The 95% point of the largest studentised deviation over all contrasts together (max-T over the joint resamples):
 * bounds built with it are simultaneous.
 */
export function simultaneousCritical(inference: Inference, matrices: readonly ContrastMatrix[]): number {
  const largest = new Float64Array(inference.resamples);
  for (const contrast of matrices.flat(2)) {
    const replicates = inference.replicates(contrast);
    const error = contrast.standardError ?? 0;
    if (replicates === null || error === 0) continue;
    for (let d = 0; d < largest.length; d++) {
      largest[d] = Math.max(largest[d]!, Math.abs(replicates[d]!) / error);
    }
  }
  return quantile(largest, 0.95);
}

/** Simultaneous half widths, from `simultaneousCritical`; never below a single interval's. */
export function simultaneousHalf(critical: number): HalfWidth {
  return ({ standardError, degreesOfFreedom }) =>
    standardError === null ? null : Math.max(critical, tCritical95(degreesOfFreedom)) * standardError;
}

/** Half widths of single intervals. */
export const singleHalf: HalfWidth = ({ standardError, degreesOfFreedom }) =>
  standardError === null ? null : tCritical95(degreesOfFreedom) * standardError;

function boundEach(matrix: ContrastMatrix, half: HalfWidth, side: 'low' | 'high'): number[][] | null {
  const rows = matrix.map((row) =>
    row.map((contrast) => {
      const width = half(contrast);
      return width === null ? null : intervalWithin(contrast, width)[side];
    }),
  );
  return rows.flat().includes(null) ? null : (rows as number[][]);
}

const least = (row: readonly number[]): number => Math.min(...row);
const maxMin = (rows: readonly number[][]): number => Math.max(...rows.map(least));

function minMax(rows: readonly number[][]): number {
  const columns = rows[0]!.map((_, b) => Math.max(...rows.map((row) => row[b]!)));
  return Math.min(...columns);
}

/**
 * Best of one set less best of the other. Whichever are truly best, max a − max b is at least
 * max over a of min over b of the lower bounds, and at most min over b of max over a of the upper ones; a
 * resampled maximum would be too high.
 */
export function boundBest(matrix: ContrastMatrix, half: HalfWidth): Estimate {
  const estimate = maxMin(matrix.map((row) => row.map((contrast) => contrast.estimate)));
  const lower = boundEach(matrix, half, 'low');
  const upper = boundEach(matrix, half, 'high');
  return { estimate, low: lower && maxMin(lower), high: upper && minMax(upper) };
}

/** The best of some units less the best of others, with simultaneous bounds. */
export function compareBest(inference: Inference, left: readonly Unit[], right: readonly Unit[]): Estimate {
  const matrix = crossUnits(inference, left, right);
  return boundBest(matrix, simultaneousHalf(simultaneousCritical(inference, [matrix])));
}
