import { cholesky, dot, type Matrix, solveLower } from './linear-algebra';

/** A point on the surface that is searched: (log1p of demonstrations, log1p of pairs). */
export type Point = readonly [number, number];

/** An observation at a point: a mean over runs, and the variance of that mean. */
export interface Observation {
  readonly point: Point;
  readonly value: number;
  readonly variance: number;
}

/** Length scales and variance of the scores. */
interface Kernel {
  readonly scales: Point;
  readonly variance: number;
  /**
   * The part of a split's score that is independent of its neighbours, as a share of the variance: published curves jump
   * by a point or two.
   */
  readonly ownShare: number;
}

/** Mean and covariance of the scores at some points, given the observations. */
export interface Posterior {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

const root5 = Math.sqrt(5);

/** Matérn 5/2 with one length scale per axis: smooth, without one cliff bending the whole surface. */
function covarianceOf(a: Point, b: Point, { scales, variance, ownShare }: Kernel): number {
  const scaled = root5 * Math.hypot((a[0] - b[0]) / scales[0], (a[1] - b[1]) / scales[1]);
  const own = a[0] === b[0] && a[1] === b[1] ? ownShare : 0;
  return variance * ((1 + scaled + (scaled * scaled) / 3) * Math.exp(-scaled) + own);
}

function priorCovariance(points: readonly Point[], kernel: Kernel): Float64Array[] {
  return points.map((p) => Float64Array.from(points, (q) => covarianceOf(p, q, kernel)));
}

const lengthScales = [1.5, 3, 6];
const deviations = [0.05, 0.12, 0.25];
const ownShares = [0.003, 0.03, 0.1];

/** Candidate kernels: a coarse grid is enough for tens of points, and is deterministic on every host. */
const kernels: readonly Kernel[] = lengthScales.flatMap((first) =>
  lengthScales.flatMap((second) =>
    deviations.flatMap((deviation) =>
      ownShares.map((ownShare): Kernel => ({ scales: [first, second], variance: deviation ** 2, ownShare })),
    ),
  ),
);

interface Fit {
  readonly kernel: Kernel;
  readonly level: number;
  readonly lower: Matrix;
  /** L⁻¹ (y − level). */
  readonly whitened: Float64Array;
  readonly logLikelihood: number;
}

function fitKernel(observations: readonly Observation[], level: number, kernel: Kernel): Fit {
  const points = observations.map(({ point }) => point);
  const covariance = priorCovariance(points, kernel);
  observations.forEach(({ variance }, i) => (covariance[i]![i]! += variance));
  const lower = cholesky(covariance);
  const deviations = observations.map(({ value }) => value - level);
  const whitened = solveLower(lower, deviations);
  const logDeterminant = lower.reduce((sum, row, i) => sum + 2 * Math.log(row[i]!), 0);
  return { kernel, level, lower, whitened, logLikelihood: -0.5 * (dot(whitened, whitened) + logDeterminant) };
}

/** Kernels that are e⁴ times less likely than the best are dropped. */
const leastLikely = 4;

/** A kernel's fit and its posterior weight. */
interface WeightedFit {
  readonly fit: Fit;
  /** Sums to 1 over the kept fits. */
  readonly weight: number;
}

function weighKernels(observations: readonly Observation[]): WeightedFit[] {
  const level = observations.reduce((sum, { value }) => sum + value, 0) / Math.max(1, observations.length);
  const fits = kernels.map((kernel) => fitKernel(observations, level, kernel));
  const best = Math.max(...fits.map(({ logLikelihood }) => logLikelihood));
  const kept = fits.filter(({ logLikelihood }) => logLikelihood > best - leastLikely);
  const weights = kept.map(({ logLikelihood }) => Math.exp(logLikelihood - best));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return kept.map((fit, i) => ({ fit, weight: weights[i]! / total }));
}

interface Surface {
  readonly points: readonly Point[];
  readonly observations: readonly Observation[];
}

function inferBy({ kernel, level, lower, whitened }: Fit, { points, observations }: Surface): Posterior {
  const reach = points.map((point) => {
    const towards = observations.map((seen) => covarianceOf(point, seen.point, kernel));
    return solveLower(lower, towards);
  });
  const covariance = priorCovariance(points, kernel);
  covariance.forEach((row, i) => row.forEach((_, j) => (row[j]! -= dot(reach[i]!, reach[j]!))));
  return { mean: Float64Array.from(reach, (row) => level + dot(row, whitened)), covariance };
}

/** Mean and covariance of a mixture, with the variance between its parts. */
function mixPosteriors(parts: readonly (Posterior & { readonly weight: number })[]): Posterior {
  const size = parts[0]!.mean.length;
  const mean = new Float64Array(size);
  for (const part of parts) part.mean.forEach((value, i) => (mean[i]! += part.weight * value));
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  for (const part of parts) {
    const off = part.mean.map((value, i) => value - mean[i]!);
    covariance.forEach((row, i) =>
      row.forEach((_, j) => (row[j]! += part.weight * (part.covariance[i]![j]! + off[i]! * off[j]!))),
    );
  }
  return { mean, covariance };
}

/**
 * Gaussian-process regression of scores on (log1p demonstrations, log1p pairs) (Rasmussen and Williams 2006, algorithm
 * 2.1), averaged over kernels by their marginal likelihood: tens of points do not determine the length
 * scales, and the single likeliest kernel would be overconfident.
 *
 * @param observations each point at most once
 */
export function inferSurface(points: readonly Point[], observations: readonly Observation[]): Posterior {
  const weighted = weighKernels(observations);
  return mixPosteriors(
    weighted.map(({ fit, weight }) => ({ ...inferBy(fit, { points, observations }), weight })),
  );
}

/** The covariance conditioned on one more observation at point `at`; it does not depend on its value. */
export function conditionOn(covariance: Matrix, at: number, variance: number): Matrix {
  const column = covariance[at]!;
  const total = column[at]! + variance;
  return covariance.map((row, i) => row.map((value, j) => value - (column[i]! * column[j]!) / total));
}
