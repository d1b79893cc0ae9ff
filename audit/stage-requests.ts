import { z } from 'zod';
import { sha256 } from '../schemas/scalars';
import type { StageState } from '../contracts/run-timeline';
import type { LedgerLine } from '../schemas/ledger';
import type { PlannedStage, StageKey } from '../contracts/stage';
import { type ListPrices, listPricesOf } from '../planning';
import type { Prices } from '../schemas/definition';
import type { ActivityRecord } from './history';
import { recordedStages, type ReadHistory } from './run-records';

const requestInput = z.looseObject({
  stage: z.looseObject({ key: sha256, kind: z.string(), title: z.string() }),
  prices: z.looseObject({}).optional(),
});

/** An activity that requested a stage, from a workflow history. A judged evaluation has two. */
export interface StageRequest {
  readonly kind: string;
  readonly title: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly requestedAt: string;
  readonly doneAt: string | null;
  readonly outcome: ActivityRecord['outcome'];
  readonly listPrices: ListPrices | undefined;
}

/** Requests by stage key, in order of time. */
export type StageRequests = ReadonlyMap<StageKey, readonly StageRequest[]>;

function requestsIn({ record: { workflowId, runId }, history }: ReadHistory): [StageKey, StageRequest][] {
  return history.activities.flatMap(({ input, scheduledAt: requestedAt, endedAt: doneAt, outcome }) => {
    const { stage, prices } = requestInput.safeParse(input).data ?? {};
    if (stage === undefined) return [];
    const { key, kind, title } = stage;
    const listPrices = prices && listPricesOf(stage as unknown as PlannedStage, prices as unknown as Prices);
    return [[key, { kind, title, workflowId, runId, requestedAt, doneAt, outcome, listPrices }]];
  });
}

export function requestsByStage(histories: readonly ReadHistory[]): StageRequests {
  const all = new Map<StageKey, StageRequest[]>();
  for (const [key, request] of histories.flatMap(requestsIn))
    all.set(key, [...(all.get(key) ?? []), request]);
  for (const requests of all.values()) requests.sort((a, b) => a.requestedAt.localeCompare(b.requestedAt));
  return all;
}

/** A stage that was requested and not recorded: it has no artifact. */
export interface UnfinishedStage extends Pick<StageRequest, 'kind' | 'title'> {
  readonly stage: StageKey;
  readonly state: Extract<StageState, 'failed' | 'cancelled' | 'open'>;
}

const endings = {
  failed: 'failed',
  'timed-out': 'failed',
  cancelled: 'cancelled',
  completed: 'open',
  open: 'open',
} as const satisfies Record<ActivityRecord['outcome'], UnfinishedStage['state']>;

/** Stages that were cancelled or failed permanently. They are in the histories, not in the experiment's chain. */
export function unfinishedStages(lines: readonly LedgerLine[], requests: StageRequests): UnfinishedStage[] {
  const recorded = new Set(recordedStages(lines).map(({ stage }) => stage));
  return [...requests].flatMap(([stage, ofStage]) => {
    const last = ofStage.at(-1);
    if (last === undefined || recorded.has(stage)) return [];
    const { kind, title, outcome } = last;
    return [{ stage, kind, title, state: endings[outcome] }];
  });
}
