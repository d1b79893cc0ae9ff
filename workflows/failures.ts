import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import { BudgetlineError } from '../core/failures';
import type { FailureReason } from '../contracts/results';
import type { PlannedStage, StageResult } from '../contracts/stage';

/** What was bought before a stage or a cell failed. */
export interface SpentBeforeFailure {
  /** Finished stages. */
  readonly finished: readonly StageResult[];
  /** Stages that ran and are not in the plan. */
  readonly unplanned: readonly PlannedStage[];
  /** US dollars that failed stages had spent. */
  readonly usd: number;
}

/** A failure, and what was bought before it; `spent` is undefined if unknown. */
export interface ReadFailure {
  readonly reason: FailureReason;
  readonly spent: SpentBeforeFailure | undefined;
}

/** The `details` of failures from activities and from a sweep's cells. */
interface FailureDetails {
  readonly remedy?: string;
  readonly spentUsd?: number;
  readonly finished?: readonly StageResult[];
  readonly unplanned?: readonly PlannedStage[];
}

/** The failure that an activity or a child reported, without Temporal's wrappers. */
function findReported(error: unknown): unknown {
  const wraps = error instanceof ChildWorkflowFailure || error instanceof ActivityFailure;
  return wraps && error.cause !== undefined ? findReported(error.cause) : error;
}

function readReported({ type, message, details }: ApplicationFailure): ReadFailure {
  const [sent] = (details ?? []) as (FailureDetails | undefined)[];
  const { remedy, spentUsd, finished = [], unplanned = [] } = sent ?? {};
  return {
    reason: { code: type ?? 'INTERNAL', message, remedy },
    spent: spentUsd === undefined ? undefined : { finished, unplanned, usd: spentUsd },
  };
}

/**
 * Reads why a stage or a cell failed, and what it had bought. Rethrows if this run itself was cancelled:
 * that is not a failure of the cell.
 */
export function readFailure(error: unknown): ReadFailure {
  if (isCancellation(error)) {
    if (CancellationScope.current().consideredCancelled) throw error;
    return {
      reason: { code: 'RUN_ENDED', message: 'This cell was cancelled; the rest of the sweep goes on.' },
      spent: undefined,
    };
  }
  const reported = findReported(error);
  if (reported instanceof ApplicationFailure) return readReported(reported);
  return { reason: reasonWithoutCode(reported), spent: undefined };
}

/** Failures that Temporal itself reports. */
function reasonWithoutCode(reported: unknown): FailureReason {
  const message = reported instanceof Error ? reported.message : String(reported);
  if (reported instanceof TerminatedFailure)
    return {
      code: 'RUN_ENDED',
      message: 'This cell was terminated or reset; the rest of the sweep goes on.',
    };
  return { code: reported instanceof TimeoutFailure ? 'WORKER_LOST' : 'INTERNAL', message };
}

/** Adds what a cell bought to its failure: it is paid for, and the sweep has to count it. */
export function withSpent(error: unknown, spent: SpentBeforeFailure | undefined): unknown {
  if (isCancellation(error)) return error;
  const { code: type, message, remedy } = readFailure(error).reason;
  const { finished, unplanned, usd: spentUsd } = spent ?? {};
  const details: FailureDetails[] = [{ remedy, spentUsd, finished, unplanned }];
  return ApplicationFailure.create({ type, message, nonRetryable: true, details });
}

/** An error of the package as a failure: any other error makes Temporal retry the workflow task for ever. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof BudgetlineError)) return error;
  const { message, code: type, remedy, details } = error;
  return ApplicationFailure.create({ message, type, nonRetryable: true, details: [{ ...details, remedy }] });
}
