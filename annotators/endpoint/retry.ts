import { setTimeout as sleep } from 'node:timers/promises';
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { BudgetlineError } from '../../contracts/failures';

/** Longest wait that a server may ask for. */
const longestWaitMs = 5 * 60_000;

/** Statuses after which the same request may succeed. */
const passing = new Set([408, 409, 425, 429]);

/** What a failed call means for the row: try again, or give up with a coded error. */
function isPassing(error: unknown): boolean {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return false;
  if (error instanceof APIConnectionError) return true;
  if (error instanceof APIError && typeof error.status === 'number')
    return error.status >= 500 || passing.has(error.status);
  // A body that was cut off, or is no JSON: the client throws what its parser throws.
  return true;
}

function waitOf(error: unknown, fallbackMs: number): number {
  const asked =
    error instanceof APIError ? (error.headers as Headers | undefined)?.get('retry-after') : undefined;
  const seconds = Number(asked ?? Number.NaN);
  return Math.min(longestWaitMs, Number.isFinite(seconds) ? seconds * 1000 : fallbackMs);
}

/** Never the body: it may repeat the prompt, and a careless server the key. */
function nameOf(error: unknown): string {
  if (error instanceof APIError && typeof error.status === 'number') return `status ${error.status}`;
  return error instanceof Error ? error.name : 'an unknown failure';
}

function codedFailure(error: unknown, place: string): unknown {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return error;
  if (isPassing(error))
    return new BudgetlineError('ANNOTATOR_UNAVAILABLE', `${place} did not answer: ${nameOf(error)}.`);
  return new BudgetlineError('ANNOTATOR_REFUSED', `${place} refused the request: ${nameOf(error)}.`);
}

export interface RetryOptions {
  readonly attempts: number;
  readonly firstWaitMs: number;
  readonly signal: AbortSignal;
  /** Who is called, for messages. */
  readonly place: string;
}

/**
 * Calls until it succeeds, with growing waits, or those that the server asks for.
 *
 * @throws BudgetlineError ANNOTATOR_UNAVAILABLE, ANNOTATOR_REFUSED
 */
export async function withRetries<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, firstWaitMs, signal, place } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || attempt >= attempts || !isPassing(error)) throw codedFailure(error, place);
      await sleep(waitOf(error, firstWaitMs * 2 ** (attempt - 1)), undefined, { signal });
    }
  }
}
