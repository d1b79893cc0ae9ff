import type { BudgetlineError } from '../core/failures';
import type { Problem } from '../contracts/task';
import { faulty } from './faulty';

interface Running {
  readonly what: string;
  readonly problem: Pick<Problem, 'id'>;
  readonly sinceMs: number;
}

/** Calls functions of a task, one at a time. Where V8 stops one, nothing after it runs: this still knows it. */
export class RunningCall {
  #running: Running | undefined;

  constructor(private readonly task: string) {}

  /** Milliseconds that the call has taken so far; 0 where none runs. */
  get ms(): number {
    return this.#running === undefined ? 0 : performance.now() - this.#running.sinceMs;
  }

  /** @param what names the function, and the item if it has one, in messages */
  call<T>(what: string, problem: Pick<Problem, 'id'>, call: () => T): T {
    this.#running = { what, problem, sinceMs: performance.now() };
    try {
      return call();
    } finally {
      this.#running = undefined;
    }
  }

  /** The error of a call that was stopped; undefined where none runs. */
  stopped(): BudgetlineError | undefined {
    if (this.#running === undefined) return undefined;
    const { what, problem } = this.#running;
    const seconds = Math.round(this.ms / 1000);
    return faulty(this.task, problem, `${what} did not end within ${seconds} s and was stopped.`);
  }
}
