/** State of the search for rows. */
export interface Search {
  /** Rows needed. */
  readonly needed: number;
  /** Rows found on the prompts scanned so far. */
  readonly found: number;
  /** Prompts scanned in earlier rounds. */
  readonly scanned: number;
  /** Prompts in the pool. */
  readonly pool: number;
}

const multiple = 16;
/** First guess: two of three prompts yield a row. */
const firstGuess = 1.5;
/** A little more than the current yield suggests, so that the next round is usually the last. */
const margin = 1.1;
/** A round has at most this many times the prompts before it: a low first yield is uncertain. */
const maxGrowth = 3;

/**
 * Prompts of the next round. Depends on the counts alone, never on time. A prompt's samples do not depend
 * on how the rounds are split.
 */
export function planRound({ needed, found, scanned, pool }: Search): number {
  const missing = needed - found;
  const guess =
    scanned === 0
      ? needed * firstGuess
      : Math.min((missing * margin * scanned) / Math.max(found, 1), scanned * maxGrowth);
  return Math.min(Math.ceil(guess / multiple) * multiple, pool - scanned);
}
