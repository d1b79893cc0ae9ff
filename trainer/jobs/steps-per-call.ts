/** Target duration of a call: a request to stop waits for its end, and so does every metric. */
const maxCallMs = 2_000;

/** Chooses the number of optimiser steps of each engine call. */
export interface StepsPerCall {
  /** Steps of the next call, from the duration of the last one. The first call makes one step. */
  readonly next: () => number;
  readonly record: (ms: number, steps: number) => void;
}

/**
 * Adapts steps per call to the measured speed. The first call also opens the graph, so a slow start costs at most one
 * more short call.
 *
 * @param max the engine's limit
 */
export function createStepsPerCall(max: number): StepsPerCall {
  let next = 1;
  return {
    next: () => next,
    record: (ms, steps) => {
      next = Math.min(max, Math.max(1, Math.floor((maxCallMs * steps) / ms)));
    },
  };
}
