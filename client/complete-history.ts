import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Store } from '../store';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

const hasEnded = (last: HistoryEvent | undefined): boolean =>
  [
    last?.workflowExecutionCompletedEventAttributes,
    last?.workflowExecutionFailedEventAttributes,
    last?.workflowExecutionCanceledEventAttributes,
    last?.workflowExecutionTimedOutEventAttributes,
    last?.workflowExecutionTerminatedEventAttributes,
  ].some(Boolean);

/**
 * Stores the history of an ended run with its last event, which the run's last activity cannot export.
 * False if Temporal no longer knows the run, or it has not ended.
 */
export async function storeCompleteHistory(
  client: Client,
  store: Store,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<boolean> {
  const { WorkflowNotFoundError } = await import('@temporalio/client');
  try {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    if (!hasEnded(history.events?.at(-1))) return false;
    await store.write({ completeHistory: runId }, `${historyToJSON(history)}\n`);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
