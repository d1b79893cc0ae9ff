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

/** A reply that is longer than any answer. */
export class ReplyTooLong extends Error {
  constructor(bytes: number) {
    super();
    this.name = `a reply of more than ${bytes} bytes`;
  }
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

/** What an error's message says, and what it must not say. */
interface Named {
  /** Names the annotator and its model. */
  readonly place: string;
  /** The API key, which no message may contain. */
  readonly secret: string;
}

/** The error's own code and the field that it is about: words such as "unsupported_parameter" and "max_tokens". */
function wordsOf(
  { code, param }: { readonly code?: unknown; readonly param?: unknown },
  secret: string,
): string {
  const isWord = (word: unknown): word is string =>
    typeof word === 'string' && /^[\w.[\]-]{1,64}$/.test(word) && !(secret !== '' && word.includes(secret));
  const words = [code, param].filter(isWord);
  return words.length === 0 ? '' : ` (${words.join(': ')})`;
}

/** Describes an error without its text, which may contain the prompt or the key. */
function nameOf(error: unknown, secret: string): string {
  if (!(error instanceof Error)) return 'an unknown failure';
  if (error.cause instanceof ReplyTooLong) return error.cause.name;
  if (!(error instanceof APIError) || typeof error.status !== 'number') return error.name;
  const status = `status ${error.status}${wordsOf(error, secret)}`;
  return error.status >= 300 && error.status < 400 ? `${status}, a redirection to another address` : status;
}

/** ANNOTATOR_UNAVAILABLE or ANNOTATOR_REFUSED. */
export function codedFailure(error: unknown, { place, secret }: Named): unknown {
  if (error instanceof BudgetlineError || error instanceof APIUserAbortError) return error;
  const name = nameOf(error, secret);
  if (isRetryable(error))
    return new BudgetlineError('ANNOTATOR_UNAVAILABLE', `${place} did not answer: ${name}.`);
  return new BudgetlineError('ANNOTATOR_REFUSED', `${place} refused the request: ${name}.`);
}
