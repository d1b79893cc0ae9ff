import { toDecimals } from '../core/decimals';
import { formatScore, withSign } from '../contracts/text';

export { nameBudget as formatBudget } from '../contracts/budget-name';
export { nameUsd as formatUsd } from '../core/money';
export { formatCount, formatScore, formatSigned } from '../contracts/text';

/** 0.8734 → "87.3%". */
export function formatShare(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)}%`;
}

/** A difference with three decimals, or more if it is small: +0.0003. */
export const formatGain = (gain: number): string => withSign(toDecimals(gain, 3));

/** A probability: 0.97; 0 and 1 are exact. */
export const formatProbability = (probability: number): string => toDecimals(probability, 2);

export function formatInterval(interval: { readonly low: number; readonly high: number }): string {
  return `${formatScore(interval.low)} to ${formatScore(interval.high)}`;
}

/** As the title of a column or axis: "Accuracy". */
export const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** 0.5, 0.25, 1. */
export function formatFraction(fraction: number): string {
  return String(Number(fraction.toFixed(4)));
}

/** 83_500 → "1 min 24 s". */
export function formatDuration(elapsedMs: number): string {
  if (elapsedMs < 1000) return `${Math.round(elapsedMs).toString()} ms`;
  if (elapsedMs < 59_950) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes.toString()} min ${(seconds % 60).toString()} s`;
  return `${Math.floor(minutes / 60).toString()} h ${(minutes % 60).toString()} min`;
}
