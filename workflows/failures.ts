import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';
import type { FailureReason } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

/** What a stage or a cell had bought when it failed. */
export interface Leftovers {
  /** Stages that had finished. */
  readonly finished: readonly StageResult[];
  /** US dollars that the stage which failed had spent. */
  readonly usd: number;
}

/** What failed, and what was bought until then; `left` is undefined where nobody knows. */
export interface ReadFailure {
  readonly reason: FailureReason;
  readonly left: Leftovers | undefined;
}

/** What activities, and cells of a sweep, send along with what went wrong. */
interface FailureDetails {
  readonly remedy?: string;
  readonly spentUsd?: number;
  readonly finished?: readonly StageResult[];
}

/** The failure that an activity or a child reported, below what Temporal wraps around it. */
function findReported(error: unknown): unknown {
  const wraps = error instanceof ChildWorkflowFailure || error instanceof ActivityFailure;
  return wraps && error.cause !== undefined ? findReported(error.cause) : error;
}

function readReported({ type, message, details }: ApplicationFailure): ReadFailure {
  const [told] = (details ?? []) as (FailureDetails | undefined)[];
  const { remedy, spentUsd, finished = [] } = told ?? {};
  return {
    reason: { code: type ?? 'TRAINER_CRASHED', message, ...(remedy === undefined ? {} : { remedy }) },
    left: spentUsd === undefined ? undefined : { finished, usd: spentUsd },
  };
}

/**
 * Why a stage or a cell ended, and what it had bought. Rethrows a cancellation of the run itself: it is no failure of
 * the cell. One that was cancelled alone leaves a hole.
 */
export function readFailure(error: unknown): ReadFailure {
  if (isCancellation(error)) {
    if (CancellationScope.current().consideredCancelled) throw error;
    return { reason: { code: 'RUN_ENDED', message: 'It was cancelled alone.' }, left: undefined };
  }
  const reported = findReported(error);
  if (reported instanceof ApplicationFailure) return readReported(reported);
  const message = reported instanceof Error ? reported.message : String(reported);
  return { reason: { code: 'TRAINER_CRASHED', message }, left: undefined };
}

/** The failure of a cell as its sweep shall read it: with the stages that had finished, which are paid for. */
export function withFinished(error: unknown, finished: readonly StageResult[]): unknown {
  if (isCancellation(error)) return error;
  const { reason, left } = readFailure(error);
  if (left === undefined) return error;
  const { code: type, message, remedy } = reason;
  const details: FailureDetails[] = [
    { ...(remedy === undefined ? {} : { remedy }), spentUsd: left.usd, finished },
  ];
  return ApplicationFailure.create({ type, message, nonRetryable: true, details });
}
