/** Turns of the microtask queue without progress after which a pipeline has gone as far as it can. */
const quietTurns = 1000;

/**
 * Resolves when a pipeline waits: for a stage, for a result, or for something else. Microtasks only, so that it works in
 * a workflow.
 *
 * @param progress a value that changes with each call of the pipeline
 * @param isOver ends the wait at once
 */
export async function untilQuiet(progress: () => unknown, isOver = (): boolean => false): Promise<void> {
  let last = progress();
  for (let turns = 0; turns < quietTurns && !isOver(); turns += 1) {
    await Promise.resolve();
    if (progress() !== last) [last, turns] = [progress(), 0];
  }
}
