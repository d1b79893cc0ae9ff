import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { BudgetlineError } from '../../contracts/failures';

/** Longest wait that a server may ask for. */
const longestWaitMs = 5 * 60_000;

/** Statuses after which the same request may succeed. */
const passing = new Set([408, 409, 425, 429]);

/** A reply that is an error, under a status that says otherwise. */
export class ErrorReply extends Error {
  override readonly name = 'an error in the place of a reply';
}

/** What a failed call means for the row: try again, or give up with a coded error. */
export function isPassing(error: unknown): boolean {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return false;
  if (error instanceof APIConnectionError) return true;
  if (error instanceof APIError && typeof error.status === 'number')
    return error.status >= 500 || passing.has(error.status);
  // A body that was cut off, or is no JSON: the client throws what its parser throws.
  return true;
}

/** Where no connection was made nothing was asked, and nothing is billed. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (unconnected.has((cause as NodeJS.ErrnoException).code ?? '')) return true;
  return false;
}

/** How long to wait after a failed call: what the server asks for, else longer with every attempt. */
export function waitOf(error: unknown, fallbackMs: number): number {
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

/** ANNOTATOR_UNAVAILABLE or ANNOTATOR_REFUSED; `place` says who was called. */
export function codedFailure(error: unknown, place: string): unknown {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return error;
  if (isPassing(error))
    return new BudgetlineError('ANNOTATOR_UNAVAILABLE', `${place} did not answer: ${nameOf(error)}.`);
  return new BudgetlineError('ANNOTATOR_REFUSED', `${place} refused the request: ${nameOf(error)}.`);
}
