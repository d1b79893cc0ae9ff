/** Longest that a call should take: a request to stop waits for its end, and so does every metric. */
const longestCallMs = 2_000;

/** How many steps the next call makes. */
export interface CallPace {
  /** Steps of the next call, by what the last one took; one as long as nothing is known. */
  readonly steps: () => number;
  readonly took: (ms: number, steps: number) => void;
}

/**
 * Paces the calls of an engine that can make several steps at once. The first call also opens the graph, so that a slow
 * start means one more short call and no more.
 *
 * @param most the engine's limit
 */
export function createCallPace(most: number): CallPace {
  let next = 1;
  return {
    steps: () => next,
    took: (ms, steps) => {
      next = Math.min(most, Math.max(1, Math.floor((longestCallMs * steps) / ms)));
    },
  };
}
