import type { UserRowsUse } from '../schemas/user-rows';
import { sha256Hex } from '../core/digest';
import { poolRank } from './pool';

/** A user row's place in the seeded order. */
export interface UserRowsPlace {
  /** The prompt's normalised text; rows of one prompt stay together. */
  readonly text: string;
  /** Index of the problem in the pool; undefined for a prompt that is not in the pool. */
  readonly poolRow?: number;
}

/**
 * Rows in the order in which a budget takes them. All prompts have one seeded order, which contains the pool's
 * permutation: demonstrations come from its front, preferences from its back. So a larger budget contains the smaller one,
 * both uses are disjoint while they fit, and a stage's rows depend only on its own file.
 */
export function orderUserRows<Row extends UserRowsPlace>(
  rows: readonly Row[],
  { use, poolSeed }: { use: UserRowsUse; poolSeed: number },
): Row[] {
  const rankOf = ({ text, poolRow }: Row): string =>
    poolRow === undefined ? sha256Hex(`given ${poolSeed} ${text}`) : poolRank(poolRow, poolSeed);
  const direction = use === 'demonstrations' ? 1 : -1;
  return rows
    .map((row) => ({ row, rank: rankOf(row) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank < b.rank ? -direction : direction))
    .map(({ row }) => row);
}

/** Number of prompts that two sets of rows share. */
export function sharedPrompts(a: readonly UserRowsPlace[], b: readonly UserRowsPlace[]): number {
  const texts = new Set(a.map(({ text }) => text));
  return new Set(b.map(({ text }) => text).filter((text) => texts.has(text))).size;
}
