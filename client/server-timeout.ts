import { BudgetlineError } from '../core/failures';
import { isUnanswered } from './failure';

export interface ServerTimeoutOptions {
  /** The run that the calls are about. */
  readonly workflowId: string;
  /** Milliseconds without an answer that are tolerated. */
  readonly limitMs: number;
  /** Reports that the server is silent, and that it answers again. */
  readonly onNotice?: (text: string) => void;
}

const noticeAfterMs = 5_000;

/** Tolerates a Temporal server that is away for a while: overloaded, restarting or disconnected. */
export class ServerTimeout {
  #silentSinceMs: number | undefined;
  #noticed = false;

  constructor(private readonly options: ServerTimeoutOptions) {}

  /**
   * Makes a call. Returns undefined if the server did not answer but may answer a retry.
   *
   * @throws BudgetlineError TEMPORAL_SILENT if it has not answered for too long. Errors that the server
   * answers with are rethrown.
   */
  async call<T>(request: () => Promise<T>): Promise<T | undefined> {
    const sentMs = performance.now();
    try {
      const answer = await request();
      this.#onAnswer();
      return answer;
    } catch (error) {
      if (!isUnanswered(error)) {
        this.#onAnswer();
        throw error;
      }
      this.#onNoAnswer(error, sentMs);
      return undefined;
    }
  }

  #onAnswer(): void {
    this.#silentSinceMs = undefined;
    if (this.#noticed) this.options.onNotice?.('The Temporal server answers again.');
    this.#noticed = false;
  }

  #onNoAnswer(error: unknown, sentMs: number): void {
    const { limitMs, onNotice } = this.options;
    const nowMs = performance.now();
    // A long poll of more than the limit had answers in between; only its end had none.
    if (this.#silentSinceMs === undefined || nowMs - sentMs > limitMs) this.#silentSinceMs = nowMs;
    const silentMs = nowMs - this.#silentSinceMs;
    if (silentMs >= limitMs) throw this.#timeoutError(error);
    if (silentMs < noticeAfterMs || this.#noticed) return;
    this.#noticed = true;
    const hours = Number((limitMs / 3_600_000).toPrecision(2));
    onNotice?.(
      `The Temporal server does not answer; waiting for it, at most ${hours} h. If it is the embedded one and has ended, start it: budgetline server start`,
    );
  }

  #timeoutError(cause: unknown): BudgetlineError {
    const { workflowId, limitMs } = this.options;
    const seconds = Math.round(limitMs / 1_000);
    return new BudgetlineError(
      'TEMPORAL_SILENT',
      `The Temporal server has not answered for ${seconds} s. The run ${workflowId} has not ended: it continues on the server.`,
      { details: { workflowId }, cause },
    );
  }
}
