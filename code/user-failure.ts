import { BudgetlineError } from '../core/failures';
import { firstPlaceIn } from './places';

/** Message of the loader for a file that it cannot parse. */
const unparsed = /^ParseError: (?<reason>.*?)\s*\n (?<place>.*:\d+):\d+$/;
const parserOf = (error: unknown) =>
  error instanceof Error ? unparsed.exec(error.message)?.groups : undefined;

/** The message, without the stack. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = parserOf(error)?.['reason'];
  return reason === undefined
    ? `${error.name}: ${error.message.split('\n')[0] ?? ''}`
    : `SyntaxError: ${reason}`;
}

/** Whether an error has a code of ours; a user's module may have loaded another copy of this package. */
export function isCoded(error: unknown): error is Error {
  return error instanceof Error && error.name === 'BudgetlineError';
}

/** The user's file and line at which it fails; without a line if the error has none. */
function placeOf(error: unknown, path: string): string {
  const unparsedAt = parserOf(error)?.['place'];
  if (unparsedAt !== undefined) return unparsedAt;
  const place = firstPlaceIn(error instanceof Error ? (error.stack ?? '') : '');
  return place === undefined ? path : `${place.file}:${place.line}`;
}

/** The reason, with the user's file and line if they are known. */
export function failureWords(error: unknown): string {
  const place = firstPlaceIn(error instanceof Error ? (error.stack ?? '') : '');
  return place === undefined ? reasonOf(error) : `${reasonOf(error)} (${place.file}:${place.line})`;
}

/**
 * The error of a user's module: file and line, problem and reason. Errors with a code of ours stay.
 *
 * @param where precedes the message, such as the definition's field. Default: nothing
 */
export function userFailure(
  error: unknown,
  path: string,
  problem: 'cannot be loaded' | 'fails',
  where = '',
): unknown {
  if (isCoded(error)) return error;
  const message = `${where}${placeOf(error, path)} ${problem}: ${reasonOf(error)}`;
  return new BudgetlineError('DEFINITION_INVALID', message, {
    remedy: 'Correct the file.',
    details: { path },
    cause: error,
  });
}
