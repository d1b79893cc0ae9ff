import type { Client, WorkflowHandle } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow';
import { type StageKey, stageKeyIn } from '../contracts/stage';
import { type StageProgress } from '../contracts/activities';

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;
type PendingActivity = NonNullable<Description['raw']['pendingActivities']>[number];
type Payload = NonNullable<NonNullable<PendingActivity['heartbeatDetails']>['payloads']>[number];

/** An activity that a workflow waits for: queued, running, or waiting for a retry. */
export interface Pending {
  /** The stage that it runs; undefined for ledger activities. */
  readonly stageKey: StageKey | undefined;
  readonly type: string;
  readonly state: 'queued' | 'running' | 'retrying';
  readonly attempt: number;
  /** Last heartbeat, if any. */
  readonly progress: StageProgress | undefined;
  /** Why the last attempt ended, if there was one. */
  readonly lastFailure: { readonly code: string; readonly message: string } | undefined;
}

const started = 2;

function stateOf({ state, attempt }: PendingActivity): Pending['state'] {
  if (Number(state) === started) return 'running';
  return (attempt ?? 1) > 1 ? 'retrying' : 'queued';
}

async function readHeartbeat(
  client: Client,
  payloads: readonly Payload[],
): Promise<StageProgress | undefined> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  let decoded = [...payloads];
  for (const codec of [...payloadCodecs].reverse()) decoded = await codec.decode(decoded);
  const [first] = decoded;
  return first === undefined ? undefined : payloadConverter.fromPayload<StageProgress>(first);
}

async function readFailure(
  client: Client,
  failure: PendingActivity['lastFailure'],
): Promise<Pending['lastFailure']> {
  const error = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, failure);
  // A failure without a type is a timeout of the server: no heartbeat came.
  const code = failure?.applicationFailureInfo?.type ?? 'WORKER_LOST';
  return error === undefined ? undefined : { code, message: error.message };
}

async function readPending(client: Client, activity: PendingActivity): Promise<Pending> {
  return {
    stageKey: stageKeyIn(activity.activityId ?? ''),
    type: activity.activityType?.name ?? '',
    state: stateOf(activity),
    attempt: activity.attempt ?? 1,
    progress: await readHeartbeat(client, activity.heartbeatDetails?.payloads ?? []),
    lastFailure: await readFailure(client, activity.lastFailure),
  };
}

/**
 * The activities that a workflow waits for.
 *
 * @param runId default: the last run
 */
export async function listPending(client: Client, workflowId: string, runId?: string): Promise<Pending[]> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  return Promise.all((raw.pendingActivities ?? []).map((activity) => readPending(client, activity)));
}
