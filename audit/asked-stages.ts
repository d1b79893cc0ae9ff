import { z } from 'zod';
import type { StageState } from '../contracts/audit-story';
import type { LedgerLine } from '../schemas/ledger';
import { stageKinds, type StageKey, type StageKind } from '../contracts/stage';
import type { ActivityRecord } from './history';
import { recordedStages, type ReadHistory } from './run-records';

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const asking = z.looseObject({
  stage: z.looseObject({ key: hex, kind: z.enum(stageKinds), title: z.string() }),
});

/** One activity that asked for a stage, as a history has it. An evaluation that others judge is two. */
export interface Asked {
  readonly kind: StageKind;
  readonly title: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly askedAt: string;
  readonly doneAt: string | null;
  readonly outcome: ActivityRecord['outcome'];
}

/** Who asked for which stage, by its key, in the order of time. */
export type AskedStages = ReadonlyMap<StageKey, readonly Asked[]>;

function askedIn({ record: { workflowId, runId }, history }: ReadHistory): [StageKey, Asked][] {
  return history.activities.flatMap(({ input, scheduledAt: askedAt, endedAt: doneAt, outcome }) => {
    const { stage } = asking.safeParse(input).data ?? {};
    if (stage === undefined) return [];
    const { key, kind, title } = stage;
    return [[key, { kind, title, workflowId, runId, askedAt, doneAt, outcome }]];
  });
}

export function askedStages(histories: readonly ReadHistory[]): AskedStages {
  const all = new Map<StageKey, Asked[]>();
  for (const [key, asked] of histories.flatMap(askedIn)) all.set(key, [...(all.get(key) ?? []), asked]);
  for (const asked of all.values()) asked.sort((a, b) => a.askedAt.localeCompare(b.askedAt));
  return all;
}

/** A stage that was asked for and is not recorded: it did not end with an artifact. */
export interface UnfinishedStage extends Pick<Asked, 'kind' | 'title'> {
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

/** Stages that were cancelled or failed for good: an experiment's chain has none of them, its histories do. */
export function unfinishedStages(lines: readonly LedgerLine[], asked: AskedStages): UnfinishedStage[] {
  const recorded = new Set(recordedStages(lines).map(({ stage }) => stage));
  return [...asked].flatMap(([stage, those]) => {
    const last = those.at(-1);
    if (last === undefined || recorded.has(stage)) return [];
    const { kind, title, outcome } = last;
    return [{ stage, kind, title, state: endings[outcome] }];
  });
}
