import {
  ActivityFailure,
  ApplicationFailure,
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

/** The code and message of what ended a stage or a cell. Rethrows a cancellation: it is no failure of the cell. */
export function readFailure(error: unknown): FailureReason {
  if (isCancellation(error)) throw error;
  const reported = findReported(error);
  if (reported instanceof ApplicationFailure)
    return { code: reported.type ?? 'TRAINER_CRASHED', message: reported.message };
  return {
    code: 'TRAINER_CRASHED',
    message: reported instanceof Error ? reported.message : String(reported),
  };
}
