import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { isCoded, failureWords } from '../code/user-failure';
import type { Asking } from '../contracts/answers';
import { FailedItem } from '../core/failed-item';
import { BudgetlineError, failures } from '../core/failures';
import { networkFailure, statusOf } from '../core/network-failure';
import { isMissing, toFileError } from '../host/fs-errors';

/** A failure of a disk, which a retry may find mended. */
function diskFailure(error: unknown, name: string): BudgetlineError | undefined {
  const failure = toFileError(error, `a file of ${name}`);
  const isTransient = failure instanceof BudgetlineError && failures[failure.code].retried;
  return isTransient && !isMissing(error) ? failure : undefined;
}

const onItems = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 ? first : `${first} … ${others.at(-1) ?? ''} (${others.length + 1} items)`;

/**
 * The coded error for an exception of an annotator's or judge's own code. Failures of the network are retried. Errors with a
 * code, and those of Temporal, stay.
 */
function annotatorFailure(thrown: unknown, { name, items }: Asking): unknown {
  const failed = thrown instanceof FailedItem ? thrown : undefined;
  const error = failed === undefined ? thrown : failed.cause;
  if (isCoded(error) || error instanceof CancelledFailure || error instanceof ApplicationFailure)
    return error;
  const on = failed?.item ?? onItems(items);
  const options = { details: { annotator: name, item: failed?.item }, cause: error };
  const network = networkFailure(error);
  const words = failureWords(error);
  if (network !== undefined) {
    const message = `${name} did not answer (${network}) on ${on}: ${words}`;
    return new BudgetlineError('ANNOTATOR_UNAVAILABLE', message, options);
  }
  if (statusOf(error) !== undefined)
    return new BudgetlineError('ANNOTATOR_REFUSED', `${name} was refused on ${on}: ${words}`, options);
  return (
    diskFailure(error, name) ??
    new BudgetlineError('ANNOTATOR_FAULTY', `${name} fails on ${on}: ${words}`, options)
  );
}

/** What an annotator's or judge's own code returns, if it does not fail. */
export async function asked<T>(call: () => T | Promise<T>, asking: Asking): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw annotatorFailure(error, asking);
  }
}
