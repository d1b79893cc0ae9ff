import type { Client, WorkflowHandle } from '@temporalio/client';
import { BudgetlineError } from '../contracts/failures';
import type { ExperimentProgress, SweepProgress } from '../contracts/results';
import { toSteeringError } from './failure';
import { listPending, type Pending } from './pending';

/** A run as its query and the server tell of it. */
export interface RunStatus {
  readonly workflowId: string;
  readonly runId: string;
  /** "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TERMINATED" … */
  readonly state: string;
  readonly startedAt: string;
  readonly closedAt: string | null;
  /** null where no worker answered. */
  readonly progress:
    | { readonly of: 'sweep'; readonly sweep: SweepProgress }
    | { readonly of: 'experiment'; readonly experiment: ExperimentProgress }
    | null;
  /** What the workflow itself waits for; its cells wait for their own. */
  readonly pending: readonly Pending[];
}

const queryLimitMs = 5_000;

async function queryProgress(
  client: Client,
  handle: WorkflowHandle,
  type: string,
): Promise<RunStatus['progress']> {
  const deadline = Date.now() + queryLimitMs;
  const ask = <T>(): Promise<T> =>
    client.connection.withDeadline(deadline, () => handle.query<T>('progress'));
  try {
    if (type === 'allocationSweep') return { of: 'sweep', sweep: await ask<SweepProgress>() };
    return { of: 'experiment', experiment: await ask<ExperimentProgress>() };
  } catch {
    return null;
  }
}

/**
 * Where a sweep, an experiment or a cell stands, or how it ended.
 *
 * @throws BudgetlineError RUN_UNKNOWN
 */
export async function readStatus(client: Client, workflowId: string): Promise<RunStatus> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const { runId, status, startTime, closeTime, type } = await handle.describe();
    if (type !== 'allocationSweep' && type !== 'allocationExperiment')
      throw new BudgetlineError(
        'RUN_UNKNOWN',
        `${workflowId} is a run of "${type}", of which nothing is known here.`,
      );
    const progress = await queryProgress(client, handle, type);
    const pending = await listPending(client, workflowId);
    const times = { startedAt: startTime.toISOString(), closedAt: closeTime?.toISOString() ?? null };
    return { workflowId, runId, state: status.name, ...times, progress, pending };
  } catch (error) {
    throw await toSteeringError(error, workflowId);
  }
}
