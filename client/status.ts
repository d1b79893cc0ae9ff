import type { Client, WorkflowHandle } from '@temporalio/client';
import { BudgetlineError } from '../core/failures';
import type { ExperimentProgress, FailureReason, SweepProgress, SweepReturn } from '../contracts/results';
import type { Store } from '../store';
import { reasonOf, toSteeringError } from './failure';
import { finalSweepProgress } from './finished';
import { completeResult } from './result-pages';
import { listPending, type Pending } from './pending';
import { queryExperiment, querySweep } from './progress';
import { readRunHistory, type RunHistory, type StartedChild } from './run-history';
import { kindOf, type RunKind } from '../contracts/run-kind';
import { askWorker } from './watch-run';

/** A run as its query, its history and the server report it. */
export interface RunStatus {
  readonly workflowId: string;
  readonly runId: string;
  readonly kind: RunKind;
  /** Name of the workflow function. */
  readonly type: string;
  /** "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TERMINATED" … */
  readonly state: string;
  readonly startedAt: string;
  readonly closedAt: string | null;
  /** Why the run failed; null if it did not. */
  readonly failure: FailureReason | null;
  /** Null if no worker answered for a sweep. */
  readonly progress:
    | { readonly of: 'sweep'; readonly sweep: SweepProgress }
    | { readonly of: 'experiment'; readonly experiment: ExperimentProgress }
    | null;
  /** Users' own workflows only: the workflows that it started. A sweep among them has a status of its own. */
  readonly children: readonly StartedChild[];
  /** Activities of the workflow itself; cells have their own. */
  readonly pending: readonly Pending[];
}

export interface StatusOptions {
  /** Default: the last run with this workflow id. */
  readonly runId?: string;
  /** The workers' store: all pages but the last of a large sweep's result are there. */
  readonly store?: Store;
  /** Milliseconds to wait for a worker's answer. Default: 5,000. */
  readonly queryLimitMs?: number;
}

/** A run that is read. */
interface Reading extends Required<Pick<StatusOptions, 'queryLimitMs'>>, Pick<StatusOptions, 'store'> {
  readonly client: Client;
  readonly workflowId: string;
  readonly runId: string;
  readonly handle: WorkflowHandle;
  readonly type: string;
  readonly state: string;
}

/**
 * The progress of a sweep: of an ended one from its result, without a worker. Null if no worker answers, or a page of the
 * result is not in the store.
 */
async function readSweep({
  client,
  handle,
  state,
  store,
  queryLimitMs,
}: Reading): Promise<RunStatus['progress']> {
  const result =
    state === 'COMPLETED'
      ? await completeResult((await handle.result()) as SweepReturn, store).catch(() => null)
      : null;
  if (result !== null) return { of: 'sweep', sweep: finalSweepProgress(result) };
  const sweep = await askWorker(() => querySweep(client, handle, queryLimitMs));
  return sweep === undefined ? null : { of: 'sweep', sweep };
}

/** What a worker reports; undefined if the run has ended or no worker answers. */
async function askStages({
  client,
  handle,
  state,
  queryLimitMs,
}: Reading): Promise<ExperimentProgress | undefined> {
  return state === 'RUNNING' ? askWorker(() => queryExperiment(client, handle, queryLimitMs)) : undefined;
}

/** Stages, from the history: nothing runs after the run's end. */
async function readStages({ client, workflowId, runId, state }: Reading): Promise<RunHistory> {
  const { progress, ...others } = await readRunHistory(client, { workflowId, runId });
  return { ...others, progress: state === 'RUNNING' ? progress : { ...progress, running: [] } };
}

type Progress = Pick<RunStatus, 'progress' | 'children'>;

/** All stages over continue-as-new are in the history; only a worker knows whether the run is paused. */
async function readOwn(reading: Reading): Promise<Progress> {
  const { isRegistered, progress, children } = await readStages(reading);
  if (!isRegistered)
    throw new BudgetlineError(
      'RUN_UNKNOWN',
      `${reading.workflowId} is a run of the workflow "${reading.type}", which has not called createStages.`,
      { remedy: 'A workflow of yours has a status once it has called createStages, or started a sweep.' },
    );
  const { paused = null } = (await askStages(reading)) ?? {};
  return { progress: { of: 'experiment', experiment: { ...progress, paused } }, children };
}

async function readProgress(reading: Reading): Promise<Progress> {
  const kind = kindOf(reading.type);
  if (kind === 'workflow') return readOwn(reading);
  if (kind === 'sweep') return { progress: await readSweep(reading), children: [] };
  const experiment = (await askStages(reading)) ?? (await readStages(reading)).progress;
  return { progress: { of: 'experiment', experiment }, children: [] };
}

const readFailure = ({ handle, state }: Reading): Promise<FailureReason | null> =>
  state === 'FAILED' ? handle.result().then(() => null, reasonOf) : Promise.resolve(null);

/**
 * The progress of a sweep, an experiment, a cell or a user's own workflow, or its result.
 *
 * @throws BudgetlineError RUN_UNKNOWN
 */
export async function readStatus(
  client: Client,
  workflowId: string,
  { store, runId: wanted, queryLimitMs = 5_000 }: StatusOptions = {},
): Promise<RunStatus> {
  try {
    const { runId, status, startTime, closeTime, type } = await client.workflow
      .getHandle(workflowId, wanted)
      .describe();
    const handle = client.workflow.getHandle(workflowId, runId);
    const reading = { client, workflowId, runId, handle, type, state: status.name, store, queryLimitMs };
    const pending = await listPending(client, workflowId, runId);
    return {
      workflowId,
      runId,
      kind: kindOf(type),
      type,
      state: status.name,
      startedAt: startTime.toISOString(),
      closedAt: closeTime?.toISOString() ?? null,
      failure: await readFailure(reading),
      ...(await readProgress(reading)),
      pending,
    };
  } catch (error) {
    throw await toSteeringError(error, workflowId);
  }
}
