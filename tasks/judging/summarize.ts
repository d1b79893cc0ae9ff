import type { ItemResult } from '../../schemas/rows';
import { ownAnswer } from '../own-answer';
import { lengthControlledWinRate } from './length-control';

/** Adds the length-controlled win rate. `cue` is the end of the task's prompts, which delimits answers. */
export const summarizeWins =
  (cue: string) =>
  (items: readonly ItemResult[]): { lengthControlledWin: number } => {
    const judged = items.map(({ score, completion, target }) => ({
      win: score,
      longerBy: ownAnswer(completion, cue).length - target.length,
    }));
    return { lengthControlledWin: lengthControlledWinRate(judged) };
  };
