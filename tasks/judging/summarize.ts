import type { ItemResult } from '../../contracts/rows';
import { lengthControlledWinRate } from './length-control';

/** What stands beside a raw win rate: the rate at equal length. */
export function summarizeWins(items: readonly ItemResult[]): { lengthControlledWin: number } {
  const judged = items.map(({ score, completion, expected }) => ({
    win: score,
    longerBy: completion.length - expected.length,
  }));
  return { lengthControlledWin: lengthControlledWinRate(judged) };
}
