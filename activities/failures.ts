import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { BudgetlineError, failures, type FailureCode } from '../contracts/failures';
import { toStoreError } from '../store';

/**
 * Others may take days, and each attempt leaves lines in a ledger: so many seconds at first, and never more than about a
 * quarter of what the stage has waited already.
 */
const whileOthersWork =
  (first: number, most: number) =>
  (attempt: number): string =>
    `${Math.round(Math.min(most, first * 1.25 ** (attempt - 1)))}s`;

/** Delays of the next attempt that know better than the retry policy. A delay of 0 would end the retries. */
const retryDelays: Partial<Record<FailureCode, string | ((attempt: number) => string)>> = {
  STAGE_CLAIMED: '1s',
  DEVICE_BUSY: '1s',
  TRAINER_YIELDED: '1ms',
  WORKER_STOPPING: '1ms',
  CLAIM_LOST: '1s',
  ANNOTATION_PENDING: whileOthersWork(5, 300),
  ANNOTATOR_BUSY: whileOthersWork(1, 60),
};

/** Histories hold references, not texts. */
const longestMessage = 1500;
const longestDetail = 300;

/** Anything thrown, with a code: what has none is a fault of a registered task or of Budgetline itself. */
export function withCode(error: unknown): BudgetlineError {
  const known = toStoreError(error, 'the store');
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
      return [name, text?.slice(0, longestDetail) ?? null];
    });
  return Object.fromEntries(small);
}

/** The one mapper at the edge of activities: the code becomes the failure's type, the table says whether it is retried. */
export function toActivityFailure(error: unknown, attempt = 1): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const { code, message, remedy, details } = withCode(error);
  const delay = retryDelays[code];
  const nextRetryDelay = typeof delay === 'function' ? delay(attempt) : delay;
  return ApplicationFailure.create({
    type: code,
    message: message.slice(0, longestMessage),
    nonRetryable: !failures[code].retried,
    details: [{ remedy, ...smallDetails(details) }],
    ...(nextRetryDelay === undefined ? {} : { nextRetryDelay }),
  });
}
