import type { ItemResult } from '../../schemas/rows';
import { ownAnswer } from '../own-answer';
import { lengthControlledWinRate } from './length-control';

/** What stands beside a raw win rate: the rate at equal length, of what is judged of each answer. */
export const summarizeWins =
  (cue: string) =>
  (items: readonly ItemResult[]): { lengthControlledWin: number } => {
    const judged = items.map(({ score, completion, target }) => ({
      win: score,
      longerBy: ownAnswer(completion, cue).length - target.length,
    }));
    return { lengthControlledWin: lengthControlledWinRate(judged) };
  };
