import { z } from 'zod';
import { openPayloads, readPayloadKeys } from '../connection';
import { BudgetlineError } from '../core/failures';

const payload = z.looseObject({ data: z.string().optional() });
const payloads = z.looseObject({ payloads: z.array(payload).optional() }).optional();
const named = z.looseObject({ name: z.string() });
const execution = z.looseObject({ workflowId: z.string(), runId: z.string() });
const failureInfo = z.looseObject({
  message: z.string().optional(),
  applicationFailureInfo: z.looseObject({ type: z.string().optional() }).optional(),
  cause: z.unknown().optional(),
});

/** The fields of Temporal's JSON that are used. */
const historyEvent = z.looseObject({
  eventId: z.string(),
  eventTime: z.string(),
  eventType: z.string(),
  userMetadata: z.looseObject({ summary: payload.optional() }).optional(),
  workflowExecutionStartedEventAttributes: z
    .looseObject({
      workflowType: named,
      input: payloads,
      identity: z.string().optional(),
      continuedExecutionRunId: z.string().optional(),
    })
    .optional(),
  workflowExecutionCompletedEventAttributes: z.looseObject({ result: payloads }).optional(),
  workflowExecutionFailedEventAttributes: z.looseObject({ failure: failureInfo.optional() }).optional(),
  activityTaskScheduledEventAttributes: z.looseObject({ activityType: named, input: payloads }).optional(),
  activityTaskStartedEventAttributes: z
    .looseObject({ scheduledEventId: z.string(), attempt: z.int().optional() })
    .optional(),
  activityTaskCompletedEventAttributes: z
    .looseObject({ scheduledEventId: z.string(), result: payloads })
    .optional(),
  activityTaskFailedEventAttributes: z
    .looseObject({ scheduledEventId: z.string(), failure: failureInfo.optional() })
    .optional(),
  activityTaskTimedOutEventAttributes: z.looseObject({ scheduledEventId: z.string() }).optional(),
  activityTaskCanceledEventAttributes: z.looseObject({ scheduledEventId: z.string() }).optional(),
  childWorkflowExecutionStartedEventAttributes: z.looseObject({ workflowExecution: execution }).optional(),
});
type HistoryEvent = z.infer<typeof historyEvent>;
const historyFile = z.looseObject({ events: z.array(historyEvent).min(1) });

/** An activity in a history. Temporal keeps only the last attempt. */
export interface ActivityRecord {
  readonly type: string;
  readonly summary: string | null;
  readonly scheduledAt: string;
  /** Of the last attempt. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly attempt: number;
  readonly outcome: 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'open';
  readonly input: unknown;
  readonly result: unknown;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** A workflow run's history, decoded. */
export interface WorkflowHistory {
  readonly workflowType: string;
  readonly input: unknown;
  readonly startedAt: string;
  /** Time of the last event. */
  readonly lastAt: string;
  /** undefined if the run has not ended in this history. */
  readonly result: unknown;
  /** Why the run failed; null if it did not. */
  readonly failure: ActivityRecord['failure'];
  readonly activities: readonly ActivityRecord[];
  readonly children: readonly { readonly workflowId: string; readonly runId: string }[];
  /** The run before continue-as-new; null for the first run. */
  readonly continuedFrom: string | null;
  /** Whether cancellation was requested. */
  readonly cancelRequested: boolean;
  /** Type of its last event. */
  readonly lastEvent: string;
  /** Plain JSON, as in the file. */
  readonly events: readonly unknown[];
  /** Names of missing payload keys. Payloads encrypted with them are unknown. */
  readonly sealedWith: readonly string[];
}

/** Decodes a JSON payload; undefined for other payloads, e.g. encrypted ones. */
function decode(value: z.infer<typeof payload> | undefined): unknown {
  if (value?.data === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(value.data, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}

const first = (value: z.infer<typeof payloads>): unknown => decode(value?.payloads?.[0]);

/** The failure that an activity or the workflow reported, without Temporal's wrappers. */
function reportedIn(failure: unknown): NonNullable<ActivityRecord['failure']> {
  const { message = '', applicationFailureInfo, cause } = failureInfo.parse(failure ?? {});
  if (applicationFailureInfo === undefined && cause !== undefined) return reportedIn(cause);
  return { code: applicationFailureInfo?.type ?? 'INTERNAL', message };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

interface Ending {
  readonly outcome: ActivityRecord['outcome'];
  readonly at: string;
  readonly result?: unknown;
  readonly failure?: ActivityRecord['failure'];
}

function endingOf(event: HistoryEvent): [scheduledEventId: string, ending: Ending] | undefined {
  const at = event.eventTime;
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed)
    return [completed.scheduledEventId, { outcome: 'completed', at, result: first(completed.result) }];
  const failed = event.activityTaskFailedEventAttributes;
  if (failed) {
    return [failed.scheduledEventId, { outcome: 'failed', at, failure: reportedIn(failed.failure) }];
  }
  const timedOut = event.activityTaskTimedOutEventAttributes;
  if (timedOut) return [timedOut.scheduledEventId, { outcome: 'timed-out', at }];
  const cancelled = event.activityTaskCanceledEventAttributes;
  return cancelled && [cancelled.scheduledEventId, { outcome: 'cancelled', at }];
}

function readActivities(events: readonly HistoryEvent[]): ActivityRecord[] {
  const started = new Map<string, { at: string; attempt: number }>();
  const endings = new Map<string, Ending>();
  for (const event of events) {
    const { scheduledEventId, attempt = 1 } = event.activityTaskStartedEventAttributes ?? {};
    if (scheduledEventId !== undefined) started.set(scheduledEventId, { at: event.eventTime, attempt });
    const ending = endingOf(event);
    if (ending !== undefined) endings.set(...ending);
  }
  return events.flatMap(
    ({ eventId, eventTime, userMetadata, activityTaskScheduledEventAttributes: task }) => {
      if (task === undefined) return [];
      const ending = endings.get(eventId);
      return [
        {
          type: task.activityType.name,
          summary: text(decode(userMetadata?.summary)),
          scheduledAt: eventTime,
          startedAt: started.get(eventId)?.at ?? null,
          endedAt: ending?.at ?? null,
          attempt: started.get(eventId)?.attempt ?? 1,
          outcome: ending?.outcome ?? 'open',
          input: first(task.input),
          result: ending?.result,
          failure: ending?.failure ?? null,
        },
      ];
    },
  );
}

interface ParsedEvents extends z.infer<typeof historyFile> {
  readonly raw: readonly unknown[];
  readonly sealedWith: readonly string[];
}

function parseEvents(bytes: string, path: string): ParsedEvents {
  const keys = readPayloadKeys(process.env);
  try {
    const json: unknown = JSON.parse(bytes);
    const { opened, sealedWith } = openPayloads(json, keys);
    const { events } = historyFile.parse(opened);
    return { events, sealedWith, raw: (json as { events: unknown[] }).events };
  } catch (cause) {
    if (cause instanceof BudgetlineError) throw cause;
    throw new BudgetlineError('DATA_INVALID', `${path} is not a workflow history.`, {
      details: { path },
      cause,
    });
  }
}

/**
 * Parses a history in Temporal's JSON. Encrypted payloads are opened with the keys of the environment.
 *
 * @throws BudgetlineError DATA_INVALID if it is not a history; CONNECTION_INVALID if a key does not decrypt its payloads
 */
export function parseHistory(bytes: string, path: string): WorkflowHistory {
  const { events, raw, sealedWith } = parseEvents(bytes, path);
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started === undefined)
    throw new BudgetlineError('DATA_INVALID', `${path} does not begin with a workflow start event.`);
  const {
    workflowExecutionCompletedEventAttributes: completed,
    workflowExecutionFailedEventAttributes: failed,
  } = events.at(-1)!;
  return {
    workflowType: started.workflowType.name,
    input: first(started.input),
    startedAt: events[0]?.eventTime ?? '',
    lastAt: events.at(-1)?.eventTime ?? '',
    result: completed && first(completed.result),
    failure: failed === undefined ? null : reportedIn(failed.failure),
    activities: readActivities(events),
    children: events.flatMap(({ childWorkflowExecutionStartedEventAttributes: child }) =>
      child === undefined ? [] : [child.workflowExecution],
    ),
    continuedFrom: started.continuedExecutionRunId || null,
    cancelRequested: events.some(
      ({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED',
    ),
    lastEvent: events.at(-1)?.eventType ?? '',
    events: raw,
    sealedWith,
  };
}
