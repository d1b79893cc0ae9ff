import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { BudgetlineError, failures, type FailureCode } from '../core/failures';
import { toFileError } from '../host/fs-errors';

/**
 * Backoff for waits that can last days. Each attempt writes ledger lines, so the delay grows to a quarter
 * of the time waited so far.
 */
const backoff =
  (first: number, most: number) =>
  (attempt: number): string =>
    `${Math.round(Math.min(most, first * 1.25 ** (attempt - 1)))}s`;

/** Retry delays that override the retry policy. Not 0: Temporal would end the retries. */
const retryDelays: Partial<Record<FailureCode, string | ((attempt: number) => string)>> = {
  STAGE_CLAIMED: '1s',
  DEVICE_BUSY: '1s',
  TRAINER_YIELDED: '1ms',
  WORKER_STOPPING: '1ms',
  CLAIM_LOST: '1s',
  ANNOTATION_PENDING: backoff(5, 300),
  ANNOTATOR_BUSY: backoff(1, 60),
};

/** Histories hold references, so texts are cut. */
const maxMessageLength = 1500;
const maxDetailLength = 300;

/** Gives every error a code. An error without one is a bug of a registered task or of Budgetline. */
export function withCode(error: unknown): BudgetlineError {
  const known = toFileError(error, 'the store');
  if (known instanceof BudgetlineError) return known;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new BudgetlineError('INTERNAL', message, { cause: error });
}

function smallDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const small = Object.entries(details)
    .slice(0, 12)
    .map(([name, value]): [string, number | string | null] => {
      if (typeof value === 'number') return [name, value];
      const text = typeof value === 'string' ? value : (JSON.stringify(value) as string | undefined);
      return [name, text?.slice(0, maxDetailLength) ?? null];
    });
  return Object.fromEntries(small);
}

/**
 * Maps an error at the edge of the activities: the code becomes the failure's type, and the failure table
 * says whether it is retried.
 *
 * @param delaySeconds until the retry. Default: that of the code, else of the retry policy
 */
export function toActivityFailure(
  error: unknown,
  attempt = 1,
  delaySeconds?: number,
): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const { code, message, remedy, details } = withCode(error);
  const delay = retryDelays[code];
  const ofCode = typeof delay === 'function' ? delay(attempt) : delay;
  const nextRetryDelay = delaySeconds === undefined ? ofCode : `${delaySeconds}s`;
  return ApplicationFailure.create({
    type: code,
    message: message.slice(0, maxMessageLength),
    nonRetryable: !failures[code].retried,
    details: [{ remedy, ...smallDetails(details) }],
    ...(nextRetryDelay === undefined ? {} : { nextRetryDelay }),
  });
}
