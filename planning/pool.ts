import { sha256Hex } from '../core/digest';

/** Sort key of a row in the seeded order. */
export function poolRank(row: number, poolSeed: number): string {
  return sha256Hex(`pool ${poolSeed} ${row}`);
}

/**
 * The seeded order of a task's pool: row indexes sorted by a hash of (seed, index). Rows keep their relative order when
 * a pool grows.
 */
export function permutePool(poolRows: number, poolSeed: number): number[] {
  const rows = Array.from({ length: poolRows }, (_, index) => ({
    index,
    rank: poolRank(index, poolSeed),
  }));
  return rows.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ index }) => index);
}

/** Pool rows for demonstrations: the front of the permutation, so that budgets nest. */
export function demonstrationRows(poolRows: number, poolSeed: number, rows: number): number[] {
  return permutePool(poolRows, poolSeed).slice(0, rows);
}

/** Pool rows in sampling order for pairs: the permutation from its back, away from the demonstrations. */
export function pairPromptRows(poolRows: number, poolSeed: number): number[] {
  return permutePool(poolRows, poolSeed).reverse();
}
