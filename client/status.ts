import type { Client, WorkflowHandle } from '@temporalio/client';
import { BudgetlineError } from '../core/failures';
import type { CellResult, ExperimentProgress, SweepProgress, SweepReturn } from '../contracts/results';
import type { Store } from '../store';
import { toSteeringError } from './failure';
import { finalExperimentProgress, finalSweepProgress } from './finished';
import { completeResult } from './result-pages';
import { listPending, type Pending } from './pending';
import { queryExperiment, querySweep } from './progress';
import { askWorker } from './watch-run';

/** A run as its query and the server report it. */
export interface RunStatus {
  readonly workflowId: string;
  readonly runId: string;
  /** "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TERMINATED" … */
  readonly state: string;
  readonly startedAt: string;
  readonly closedAt: string | null;
  /** Null if no worker answered. */
  readonly progress:
    | { readonly of: 'sweep'; readonly sweep: SweepProgress }
    | { readonly of: 'experiment'; readonly experiment: ExperimentProgress }
    | null;
  /** Activities of the workflow itself; cells have their own. */
  readonly pending: readonly Pending[];
}

const queryLimitMs = 5_000;

/**
 * The progress of an ended run, from its result, without a worker. Null if a page of the result is not in
 * the store.
 */
async function readFinalProgress(
  handle: WorkflowHandle,
  type: string,
  store: Store | undefined,
): Promise<RunStatus['progress']> {
  if (type !== 'allocationSweep')
    return { of: 'experiment', experiment: finalExperimentProgress((await handle.result()) as CellResult) };
  const returned = (await handle.result()) as SweepReturn;
  const result = await completeResult(returned, store).catch(() => null);
  return result && { of: 'sweep', sweep: finalSweepProgress(result) };
}

/** Null if no worker answers. */
async function queryProgress(
  client: Client,
  handle: WorkflowHandle,
  type: string,
): Promise<RunStatus['progress']> {
  const answer = await askWorker(async () =>
    type === 'allocationSweep'
      ? { of: 'sweep' as const, sweep: await querySweep(client, handle, queryLimitMs) }
      : { of: 'experiment' as const, experiment: await queryExperiment(client, handle, queryLimitMs) },
  );
  return answer ?? null;
}

export interface StatusOptions {
  /** The workers' store: all pages but the last of a large sweep's result are there. */
  readonly store?: Store;
}

/**
 * The progress of a sweep, an experiment or a cell, or its result.
 *
 * @throws BudgetlineError RUN_UNKNOWN
 */
export async function readStatus(
  client: Client,
  workflowId: string,
  { store }: StatusOptions = {},
): Promise<RunStatus> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const { runId, status, startTime, closeTime, type } = await handle.describe();
    if (type !== 'allocationSweep' && type !== 'allocationExperiment')
      throw new BudgetlineError(
        'RUN_UNKNOWN',
        `${workflowId} is a run of the workflow "${type}", which is not Budgetline's.`,
      );
    const ended = status.name === 'COMPLETED' ? await readFinalProgress(handle, type, store) : null;
    const progress = ended ?? (await queryProgress(client, handle, type));
    const pending = await listPending(client, workflowId);
    const times = { startedAt: startTime.toISOString(), closedAt: closeTime?.toISOString() ?? null };
    return { workflowId, runId, state: status.name, ...times, progress, pending };
  } catch (error) {
    throw await toSteeringError(error, workflowId);
  }
}
