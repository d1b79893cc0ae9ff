import type { ResolvedFiles } from '../contracts/resolved';
import type { UserRowsUse } from '../schemas/user-rows';
import { sha256Hex } from './digest';
import { poolRank } from './pool';

/** Under which name a file of the user's own rows stands among a definition's external files. */
export const userFileName = (use: UserRowsUse): string => `annotations.${use}`;

/**
 * The files that a task reads its problems from. Others are called by the field that names them, and concern the stages
 * alone that read them: the user's rows, test items of tasks beside.
 */
export function taskFileDigests(files: ResolvedFiles): Record<string, string> {
  const own = Object.entries(files).filter(([name]) => !name.includes('.'));
  return Object.fromEntries(own.map(([name, file]) => [name, file.digest]));
}

/** A row of a file: what its prompt says, and which problem of the pool that is, if it is one. */
export interface UserRowsPlace {
  /** The prompt's normalised text: rows of one prompt move together. */
  readonly text: string;
  /** Index of the problem in the pool; undefined for a prompt of the file's own. */
  readonly poolRow?: number;
}

/**
 * Rows in the order in which a budget takes them. There is one seeded order of prompts, which the pool's permutation is a
 * part of: demonstrations come from its front, preferences from its back. So a larger budget contains the smaller one,
 * both uses are disjoint while they fit, and a stage's rows are a function of its own file alone.
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

/** Prompts that two sets of rows have in common. */
export function sharedPrompts(a: readonly UserRowsPlace[], b: readonly UserRowsPlace[]): number {
  const texts = new Set(a.map(({ text }) => text));
  return new Set(b.map(({ text }) => text).filter((text) => texts.has(text))).size;
}
