import type { Estimate } from './analysis/estimate';
import type { SplitRows } from './analysis/splits';
import { withMinus } from '../core/decimals';
import type { Problem } from './task';

/** 12,345 in every locale. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A score with three decimals and a true minus. */
export const formatScore = (score: number): string => withMinus(score.toFixed(3));

/** Adds a plus to positive numbers, and a true minus to negative ones. */
export const withSign = (text: string): string =>
  Number.parseFloat(text) > 0 ? `+${text}` : withMinus(text);

/** A difference of scores with its sign: +0.710, −0.012, 0.000. */
export const formatSigned = (difference: number, digits = 3): string => withSign(difference.toFixed(digits));

/** +0.710 (+0.660 to +0.750). */
export function formatDifference({ estimate, low, high }: Estimate, digits = 3): string {
  const text = formatSigned(estimate, digits);
  if (low === null || high === null) return text;
  return `${text} (${formatSigned(low, digits)} to ${formatSigned(high, digits)})`;
}

/** "1 row", "64 rows"; "batch" needs its plural. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** a; a and b; a, b and c. */
export function joinList(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1] ?? ''}`;
}

/** "512 demonstrations and 512 pairs"; "the pipeline bought 64 demonstrations and 0 pairs" where that differs from the split. */
export function describeSplit({ sftRows, pairRows, bought }: SplitRows): string {
  if (bought !== undefined) {
    const { demonstrations, pairs } = bought;
    return `the pipeline bought ${countOf(demonstrations, 'demonstration')} and ${countOf(pairs, 'pair')}`;
  }
  const parts = [countOf(sftRows, 'demonstration'), countOf(pairRows, 'pair')];
  return joinList(parts.filter((_, i) => [sftRows, pairRows][i] !== 0));
}

/** "512 + 512": demonstrations and pairs that were bought. */
export function addSplit({ sftRows, pairRows, bought }: SplitRows): string {
  const { demonstrations, pairs } = bought ?? { demonstrations: sftRows, pairs: pairRows };
  return `${formatCount(demonstrations)} + ${formatCount(pairs)}`;
}

/**
 * Numbers names that occur more than once: "DPO", "DPO (2)", "DPO (3)". Results are distinct.
 *
 * @param numbered a name with its number
 */
export function numberRepeats(
  names: readonly string[],
  numbered = (name: string, count: number) => `${name} (${count})`,
): string[] {
  const taken = new Set(names);
  const seen = new Map<string, number>();
  return names.map((name) => {
    let count = (seen.get(name) ?? 0) + 1;
    while (count > 1 && taken.has(numbered(name, count))) count += 1;
    seen.set(name, count);
    return count === 1 ? name : numbered(name, count);
  });
}

/** Id of an item, with file and line if it has them. */
export const itemName = ({ id, place }: Pick<Problem, 'id' | 'place'>): string =>
  place === undefined ? id : `${id} (${place})`;

const longestText = 80;

/** An answer for a message, on one line and cut. */
export const shortText = (text: string): string =>
  text.length > longestText ? `${JSON.stringify(text.slice(0, longestText))} …` : JSON.stringify(text);

/** A value of a user's code for a message. */
export function shownValue(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'string') return shortText(value);
  return Array.isArray(value)
    ? 'a list'
    : typeof value === 'object' && value !== null
      ? 'an object'
      : String(value);
}
