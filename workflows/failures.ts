import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';

/** Why a cell failed, as a code and a sentence. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
}

/** The failure that an activity or a child reported, below what Temporal wraps around it. */
function findReported(error: unknown): unknown {
  const wraps = error instanceof ChildWorkflowFailure || error instanceof ActivityFailure;
  return wraps && error.cause !== undefined ? findReported(error.cause) : error;
}

/**
 * The code and message of what ended a stage or a cell. Rethrows a cancellation of the run itself: it is no failure of
 * the cell. One that was cancelled alone leaves a hole.
 */
export function readFailure(error: unknown): FailureReason {
  if (isCancellation(error)) {
    if (CancellationScope.current().consideredCancelled) throw error;
    return { code: 'RUN_ENDED', message: 'It was cancelled alone.' };
  }
  const reported = findReported(error);
  if (reported instanceof ApplicationFailure)
    return { code: reported.type ?? 'TRAINER_CRASHED', message: reported.message };
  return {
    code: 'TRAINER_CRASHED',
    message: reported instanceof Error ? reported.message : String(reported),
  };
}
