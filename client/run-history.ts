import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow';
import type { StageRequest } from '../contracts/activities';
import type { ExperimentProgress, FailedStage } from '../contracts/results';
import { stageKeyIn, type PlannedStage, type StageKey, type StageResult } from '../contracts/stage';
import { reasonOf } from './failure';

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type Scheduled = NonNullable<HistoryEvent['activityTaskScheduledEventAttributes']>;

/** A workflow that another one started. */
export interface StartedChild {
  readonly workflowId: string;
  readonly type: string;
}

/** What a workflow's history says of its run. */
export interface RunHistory {
  /** Whether it has opened a ledger: any other workflow is not Budgetline's. */
  readonly isRegistered: boolean;
  readonly children: readonly StartedChild[];
  readonly progress: ExperimentProgress;
}

type Named = Pick<PlannedStage, 'key' | 'kind' | 'title'>;
type Outcome =
  { readonly finished: StageResult } | { readonly failed: FailedStage } | { readonly running: Named };

/** Reads the requests of stages from a history, with their outcomes. */
class StageReader {
  readonly #outcomes = new Map<StageKey, Outcome>();
  readonly #requests = new Map<string, Named>();
  /** Results of the requests that ran the stages, which paid for them. */
  readonly #made = new Map<StageKey, StageResult>();

  constructor(private readonly client: Client) {}

  get progress(): ExperimentProgress {
    const all = [...this.#outcomes.values()];
    return {
      paused: null,
      finished: all.flatMap((one) => ('finished' in one ? [one.finished] : [])),
      running: all.flatMap((one) => ('running' in one ? [one.running] : [])),
      failed: all.flatMap((one) => ('failed' in one ? [one.failed] : [])),
    };
  }

  async read(event: HistoryEvent): Promise<void> {
    // Ids of events begin anew in each run.
    if (event.workflowExecutionStartedEventAttributes) this.#requests.clear();
    const {
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskCompletedEventAttributes: completed,
      activityTaskFailedEventAttributes: failed,
      activityTaskCanceledEventAttributes: cancelled,
    } = event;
    if (scheduled) await this.#request(String(event.eventId), scheduled);
    const stage = this.#requests.get(String((completed ?? failed ?? cancelled)?.scheduledEventId));
    if (stage === undefined) return;
    if (completed) await this.#finish(stage, completed.result?.payloads);
    if (cancelled) this.#outcomes.delete(stage.key);
    if (failed) await this.#fail(stage, failed.failure);
  }

  async #request(eventId: string, { activityId, input }: Scheduled): Promise<void> {
    if (stageKeyIn(activityId ?? '') === undefined) return;
    const { stage } = await this.#decode<StageRequest>(input?.payloads);
    const { key, kind, title } = stage;
    const named = { key, kind, title };
    this.#requests.set(eventId, named);
    this.#outcomes.set(key, { running: named });
  }

  async #finish(stage: Named, payloads: Parameters<typeof decodeFromPayloadsAtIndex>[2]): Promise<void> {
    const finished = await this.#decode<StageResult | undefined>(payloads);
    // The answers of an evaluation that is judged next.
    if (finished === undefined) return;
    const before = this.#made.get(stage.key);
    if (!finished.cached) this.#made.set(stage.key, finished);
    this.#outcomes.set(stage.key, { finished: before ?? finished });
  }

  async #fail(
    stage: Named,
    failure: Parameters<typeof decodeOptionalFailureToOptionalError>[1],
  ): Promise<void> {
    const error = await decodeOptionalFailureToOptionalError(
      this.client.options.loadedDataConverter,
      failure,
    );
    this.#outcomes.set(stage.key, { failed: { ...stage, ...(await reasonOf(error)) } });
  }

  #decode<T>(payloads: Parameters<typeof decodeFromPayloadsAtIndex>[2]): Promise<T> {
    return decodeFromPayloadsAtIndex<T>(this.client.options.loadedDataConverter, 0, payloads);
  }
}

function childIn({ childWorkflowExecutionStartedEventAttributes: child }: HistoryEvent): StartedChild[] {
  if (!child) return [];
  return [{ workflowId: child.workflowExecution?.workflowId ?? '', type: child.workflowType?.name ?? '' }];
}

interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}

/** None if Temporal no longer has the run. */
async function readKept(client: Client, run: RunName): Promise<HistoryEvent[]> {
  const { WorkflowNotFoundError } = await import('@temporalio/client');
  return readEvents(client, run).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  });
}

/** The events of a run, after those of the runs that it continues. */
async function readEvents(client: Client, { workflowId, runId }: RunName): Promise<HistoryEvent[]> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  const earlier = before ? await readKept(client, { workflowId, runId: before }) : [];
  return [...earlier, ...(events ?? [])];
}

/**
 * Reads a run's stages from its history: no worker has to answer, and the run may have ended in any way. Includes the runs
 * before continue-as-new, as far as Temporal keeps them.
 */
export async function readRunHistory(client: Client, run: RunName): Promise<RunHistory> {
  const events = await readEvents(client, run);
  const reader = new StageReader(client);
  for (const event of events) await reader.read(event);
  return {
    isRegistered: events.some(
      ({ activityTaskScheduledEventAttributes: task }) => task?.activityType?.name === 'openExperiment',
    ),
    children: events.flatMap(childIn),
    progress: reader.progress,
  };
}
