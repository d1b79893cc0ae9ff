import { BudgetlineError } from '../contracts/failures';
import { isUnanswered } from './failure';

export interface ServerTimeoutOptions {
  /** Of the run that is asked about. */
  readonly workflowId: string;
  /** Milliseconds without an answer that are borne. */
  readonly limitMs: number;
  /** One line for people: that the server is silent, and that it answers again. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

const noticeableMs = 5_000;

/** Bears with a Temporal server that is away for a while: it is starved, starts again, or the way to it is cut. */
export class ServerTimeout {
  #silentSinceMs: number | undefined;
  #told = false;

  constructor(private readonly options: ServerTimeoutOptions) {}

  /**
   * What a question gives; undefined where the server did not answer it and may yet.
   *
   * @throws BudgetlineError TEMPORAL_SILENT where it has not answered for too long; what it answered, if that is an error
   */
  async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const askedMs = performance.now();
    try {
      const answer = await question();
      this.#answered();
      return answer;
    } catch (error) {
      if (!isUnanswered(error)) {
        this.#answered();
        throw error;
      }
      this.#unanswered(error, askedMs);
      return undefined;
    }
  }

  #answered(): void {
    this.#silentSinceMs = undefined;
    if (this.#told) this.options.onNotice?.('The Temporal server answers again.');
    this.#told = false;
  }

  #unanswered(error: unknown, askedMs: number): void {
    const { limitMs, onNotice } = this.options;
    const nowMs = performance.now();
    // A long poll of more than the limit had answers in between: only its end had none.
    if (this.#silentSinceMs === undefined || nowMs - askedMs > limitMs) this.#silentSinceMs = nowMs;
    const silentMs = nowMs - this.#silentSinceMs;
    if (silentMs >= limitMs) throw this.#spent(error);
    if (silentMs < noticeableMs || this.#told) return;
    this.#told = true;
    onNotice?.('The Temporal server does not answer; this goes on when it does.');
  }

  #spent(cause: unknown): BudgetlineError {
    const { workflowId, limitMs } = this.options;
    const seconds = Math.round(limitMs / 1_000);
    return new BudgetlineError(
      'TEMPORAL_SILENT',
      `The Temporal server has not answered for ${seconds} s. The run ${workflowId} has not ended: it goes on there.`,
      { details: { workflowId }, cause },
    );
  }
}
