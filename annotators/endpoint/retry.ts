import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { BudgetlineError } from '../../core/failures';

/** Longest wait that a server may request. */
const longestWaitMs = 5 * 60_000;

/** Statuses of transient failures. */
const retryable = new Set([408, 409, 425, 429]);

/** An error body under a success status. */
export class ErrorReply extends Error {
  override readonly name = 'an error body under a success status';
}

/** Whether a failed call may succeed when it is retried. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return false;
  if (error instanceof APIConnectionError) return true;
  if (error instanceof APIError && typeof error.status === 'number')
    return error.status >= 500 || retryable.has(error.status);
  // A truncated body, or one that is not JSON: the client throws its parser's error.
  return true;
}

/** Without a connection nothing was sent, and nothing is billed. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (unconnected.has((cause as NodeJS.ErrnoException).code ?? '')) return true;
  return false;
}

/** Milliseconds to wait after a failed call: the server's Retry-After, else `fallbackMs`. */
export function waitOf(error: unknown, fallbackMs: number): number {
  const asked =
    error instanceof APIError ? (error.headers as Headers | undefined)?.get('retry-after') : undefined;
  const seconds = Number(asked ?? Number.NaN);
  return Math.min(longestWaitMs, Number.isFinite(seconds) ? seconds * 1000 : fallbackMs);
}

/** Describes an error without its body, which may contain the prompt or the key. */
function nameOf(error: unknown): string {
  if (error instanceof APIError && typeof error.status === 'number') return `status ${error.status}`;
  return error instanceof Error ? error.name : 'an unknown failure';
}

/** ANNOTATOR_UNAVAILABLE or ANNOTATOR_REFUSED; `place` names the annotator and its model. */
export function codedFailure(error: unknown, place: string): unknown {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return error;
  if (isRetryable(error))
    return new BudgetlineError('ANNOTATOR_UNAVAILABLE', `${place} did not answer: ${nameOf(error)}.`);
  return new BudgetlineError('ANNOTATOR_REFUSED', `${place} refused the request: ${nameOf(error)}.`);
}
