import type { Estimate } from '../../contracts/analysis/estimate';
import { formatScore } from '../../report/format';

export { formatDifference } from '../../contracts/text';
export {
  formatBudget,
  formatCount,
  formatDuration,
  formatFraction,
  formatProbability,
  formatScore,
  formatSigned,
  formatUsd,
} from '../../report/format';

/** 0.190–0.258; empty without an interval. */
export function formatBounds({ low, high }: Estimate): string {
  return low === null || high === null ? '' : `${formatScore(low)}–${formatScore(high)}`;
}

/** 0.223 (0.190–0.258). */
export function formatEstimate(estimate: Estimate): string {
  const bounds = formatBounds(estimate);
  return formatScore(estimate.estimate) + (bounds === '' ? '' : ` (${bounds})`);
}

/** A rate in whole percent: 97%. */
export function formatRate(rate: number): string {
  return `${(rate * 100).toFixed(0)}%`;
}

/** Estimated seconds: 8 s, 50 s, 3 min. */
export function formatRoughly(seconds: number): string {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90) return `${Math.round(seconds / 10) * 10} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Estimated bytes: 40 kB, 14 MB, 1.2 GB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${Math.round(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
