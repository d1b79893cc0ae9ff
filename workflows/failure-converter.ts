import { DefaultFailureConverter } from '@temporalio/common';
import type { FailureConverter } from '@temporalio/common';

type Failure = ReturnType<FailureConverter['errorToFailure']>;

/**
 * Removes the plain message of a failure whose message arrived encoded. Temporal's wrappers around it add
 * no text of their own.
 */
function hideEncoded(failure: Failure): Failure {
  const cause = failure.cause ? { cause: hideEncoded(failure.cause) } : {};
  const hidden = failure.encodedAttributes ? { message: 'Encoded failure', stackTrace: '' } : {};
  return { ...failure, ...hidden, ...cause };
}

class EncodedFailureConverter extends DefaultFailureConverter {
  override errorToFailure(...args: Parameters<FailureConverter['errorToFailure']>): Failure {
    return hideEncoded(super.errorToFailure(...args));
  }
}

/**
 * Used in workflows. With a payload key, activities encode the messages of their failures. The SDK decodes
 * them on the way in and would write them to the history in plain text when a workflow fails because of
 * them. Workflows have no key, so this converter passes encoded messages on unchanged.
 */
export const failureConverter: FailureConverter = new EncodedFailureConverter();
