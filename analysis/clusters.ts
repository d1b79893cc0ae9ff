import type { ItemResult } from '../schemas/rows';
import { mean } from './moments';

/**
 * Clusters of items: several instructions of one prompt are correct or incorrect together, so prompts, not items, are
 * independent.
 */
export interface Clusters {
  readonly count: number;
  /** Cluster of each item. */
  readonly of: Int32Array;
}

/** Clusters items by prompt. Null: every item has its own prompt, or all share one. */
export function clusterByPrompt(rows: readonly Pick<ItemResult, 'prompt'>[]): Clusters | null {
  const numbers = new Map<string, number>();
  for (const { prompt } of rows) if (!numbers.has(prompt)) numbers.set(prompt, numbers.size);
  if (numbers.size === rows.length || numbers.size < 2) return null;
  return { count: numbers.size, of: Int32Array.from(rows, ({ prompt }) => numbers.get(prompt)!) };
}

/** Variance of the mean of items drawn by cluster: the sandwich over clusters, with its small-sample factor. */
export function clusteredVariance(items: Float64Array, { count, of }: Clusters): number {
  const centre = mean(items);
  const sums = new Float64Array(count);
  items.forEach((value, i) => (sums[of[i]!]! += value - centre));
  const squares = sums.reduce((total, value) => total + value * value, 0);
  return (squares * count) / Math.max(1, count - 1) / items.length ** 2;
}
