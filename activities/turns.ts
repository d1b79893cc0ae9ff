import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StageSession } from './session';

/** A loop of a user's code may keep the process for this long. */
const longestMs = 50;

/**
 * Turns of the event loop between calls of users' synchronous code, such as a verifier that takes seconds: other stages of
 * this worker go on, heartbeats are sent, and a request to stop is kept.
 */
export class Turns {
  #lastMs = performance.now();

  constructor(private readonly session: Pick<StageSession, 'throwIfStopped'>) {}

  /** @throws BudgetlineError TRAINER_YIELDED on a request to stop */
  async take(): Promise<void> {
    if (performance.now() - this.#lastMs < longestMs) return;
    await nextTurn();
    this.session.throwIfStopped();
    this.#lastMs = performance.now();
  }
}
