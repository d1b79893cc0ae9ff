/** How far the search for pairs has come. */
export interface Search {
  /** Pairs that are wanted. */
  readonly wanted: number;
  /** Pairs found among the prompts scanned so far. */
  readonly found: number;
  /** Prompts scanned in earlier rounds. */
  readonly scanned: number;
  /** Prompts that the pool holds. */
  readonly pool: number;
}

const multiple = 16;
/** The first guess: two prompts of three give a pair. */
const firstShare = 1.5;
/** A little more than the yield so far asks for, so that one more round is usually the last. */
const margin = 1.1;
/** No round is more than this many times all prompts before it: a poor first yield says little. */
const growth = 3;

/**
 * Prompts of the next round: a function of the count wanted and of what earlier rounds found, never of time. What is
 * sampled for a prompt does not depend on how the rounds are cut.
 */
export function planRound({ wanted, found, scanned, pool }: Search): number {
  const missing = wanted - found;
  const guess =
    scanned === 0
      ? wanted * firstShare
      : Math.min((missing * margin * scanned) / Math.max(found, 1), scanned * growth);
  return Math.min(Math.ceil(guess / multiple) * multiple, pool - scanned);
}
