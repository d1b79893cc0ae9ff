import { DefaultFailureConverter } from '@temporalio/common';
import type { FailureConverter } from '@temporalio/common';

type Failure = ReturnType<FailureConverter['errorToFailure']>;

/** What came with its message encoded goes on without it in clear; whatever wraps it says nothing of its own. */
function hideAgain(failure: Failure): Failure {
  const cause = failure.cause ? { cause: hideAgain(failure.cause) } : {};
  const hidden = failure.encodedAttributes ? { message: 'Encoded failure', stackTrace: '' } : {};
  return { ...failure, ...hidden, ...cause };
}

class PassingOn extends DefaultFailureConverter {
  override errorToFailure(...given: Parameters<FailureConverter['errorToFailure']>): Failure {
    return hideAgain(super.errorToFailure(...given));
  }
}

/**
 * In workflows. Activities encode the messages of their failures where there is a payload key; the SDK decodes them on the
 * way in, and would pass them on in clear when a workflow fails for them. Workflows know of no key, so they speak as they
 * were spoken to.
 */
export const failureConverter: FailureConverter = new PassingOn();
