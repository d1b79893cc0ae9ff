import type { ApplicationFailure as ReportedFailure } from '@temporalio/client';
import type { FailureReason } from '../contracts/results';
import { BudgetlineError, isFailureCode } from '../core/failures';

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function findInChain<T>(error: unknown, type: new (...args: never[]) => T): T | undefined {
  for (let at = error; at !== undefined && at !== null; at = causeOf(at)) if (at instanceof type) return at;
  return undefined;
}

/** Activities send a remedy in the failure's details. */
function remedyOf({ details }: ReportedFailure): { remedy?: string } {
  const [first] = (details ?? []) as ({ remedy?: unknown } | undefined)[];
  return typeof first?.remedy === 'string' ? { remedy: first.remedy } : {};
}

/** The reason that an activity or a workflow reported, with the code of its own. */
export async function reasonOf(error: unknown): Promise<FailureReason> {
  const { ApplicationFailure } = await import('@temporalio/client');
  const reported = findInChain(error, ApplicationFailure);
  if (reported !== undefined)
    return { code: reported.type ?? 'Error', message: reported.message, ...remedyOf(reported) };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The error that ended a workflow, with a code of the failure table. */
export async function toWorkflowError(error: unknown, workflowId: string): Promise<unknown> {
  const {
    ApplicationFailure,
    CancelledFailure,
    TerminatedFailure,
    WorkflowFailedError,
    WorkflowNotFoundError,
  } = await import('@temporalio/client');
  if (error instanceof WorkflowNotFoundError)
    return new BudgetlineError(
      'RUN_LOST',
      `The Temporal server does not know the run ${workflowId} any more.`,
      {
        cause: error,
      },
    );
  if (!(error instanceof WorkflowFailedError)) return error;
  const reported = findInChain(error, ApplicationFailure);
  if (reported !== undefined && isFailureCode(reported.type))
    return new BudgetlineError(reported.type, reported.message, { ...remedyOf(reported), cause: error });
  const stopped = findInChain(error, CancelledFailure) ?? findInChain(error, TerminatedFailure);
  if (stopped !== undefined)
    return new BudgetlineError('RUN_ENDED', `The run ${workflowId} was cancelled or terminated.`, {
      cause: error,
    });
  return new BudgetlineError(
    'INTERNAL',
    `The run ${workflowId} failed: ${reported?.message ?? error.message}`,
    {
      cause: error,
    },
  );
}

/** gRPC status codes. */
const grpc = { cancelled: 1, deadlineExceeded: 4, resourceExhausted: 8, unavailable: 14 } as const;

/** The gRPC status behind an error, which the SDK wraps; undefined if no server call failed. */
function grpcStatusOf(error: unknown): number | undefined {
  for (let at = error; at !== undefined && at !== null; at = causeOf(at)) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'number') return code;
  }
  return undefined;
}

const unanswered: ReadonlySet<number | undefined> = new Set(Object.values(grpc));

/** Whether a server gave no answer but may answer a retry: it is down, slow or overloaded. */
export const isUnanswered = (error: unknown): boolean => unanswered.has(grpcStatusOf(error));

/** Why a run could not be steered or queried, as an error with a code of the failure table. */
export async function toSteeringError(error: unknown, workflowId: string): Promise<unknown> {
  const {
    ApplicationFailure,
    ServiceError,
    WorkflowNotFoundError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
  } = await import('@temporalio/client');
  const refused = findInChain(error, ApplicationFailure);
  if (refused !== undefined && isFailureCode(refused.type))
    return new BudgetlineError(refused.type, `${workflowId}: ${refused.message}`, { cause: error });
  if (error instanceof WorkflowNotFoundError)
    return new BudgetlineError('RUN_UNKNOWN', `No run with the id ${workflowId} is running.`, {
      cause: error,
    });
  const late =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    (error instanceof ServiceError && grpcStatusOf(error) === grpc.deadlineExceeded);
  if (!late) return error;
  return new BudgetlineError('WORKERS_SILENT', `No worker answered for ${workflowId}.`, { cause: error });
}
