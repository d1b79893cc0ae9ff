import type { FoundScore } from './beside';
import type { StageWarning } from './stage';

/** What an audit tells of a run: ledger, histories and artifacts joined. Plain data, for terminal, page and JSON alike. */
export interface AuditStory {
  readonly experimentId: string;
  readonly definition: unknown;
  readonly definitionDigest: string;
  readonly openedAt: string;
  readonly openedBy: string;
  /** The last thing that ledger or history tell of. */
  readonly lastAt: string;
  readonly stages: readonly AuditedStage[];
  /** What people did: pauses, resumptions, cancellations. */
  readonly interventions: readonly Intervention[];
  readonly workflows: readonly AuditedWorkflow[];
  readonly totals: AuditTotals;
  readonly anchor: { readonly head: string; readonly lines: number; readonly signedBy: string | null } | null;
}

export interface AuditedStage {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  /** The cell that asked for it, by its place in the grid: "b64-r0.5-s0"; null for what the sweep itself ran. */
  readonly cell: string | null;
  /** Whether this experiment took it from the store. */
  readonly cached: boolean;
  /** null where it did not end with one: cancelled, or failed for good. */
  readonly artifact: string | null;
  /** When a workflow of this experiment first asked for it; null where no history tells. */
  readonly askedAt: string | null;
  /** Between being asked for and being there, without anybody working on it; null for a cached one. */
  readonly waitingMs: number | null;
  readonly attempts: readonly AuditedAttempt[];
  /** Of an evaluation what its ledger says that it found; empty for other stages, and where the ledger is older. */
  readonly scores: readonly FoundScore[];
}

export type AttemptOutcome = 'published' | 'answered' | 'failed' | 'yielded' | 'cancelled' | 'lost' | 'open';

const sound: ReadonlySet<AttemptOutcome> = new Set<AttemptOutcome>(['published', 'answered', 'open']);

/** Whether an attempt ended, and without what it was for. */
export function isUnsuccessful({ outcome }: { readonly outcome: AttemptOutcome }): boolean {
  return !sound.has(outcome);
}

export interface AuditedAttempt {
  /** Number of its claim; grows from attempt to attempt. */
  readonly fence: number;
  readonly workflowId: string;
  readonly runId: string;
  /** Attempt of the activity, from 1. */
  readonly attempt: number;
  /** False for one that another experiment made of a shared stage. */
  readonly own: boolean;
  readonly actor: string;
  readonly host: string;
  readonly device: string;
  readonly startedAt: string;
  /** null while it is open; for a lost one, when it was told of. */
  readonly endedAt: string | null;
  readonly outcome: AttemptOutcome;
  readonly code: string | null;
  readonly message: string | null;
  readonly resumedFromStep: number | null;
  readonly checkpoints: readonly { readonly at: string; readonly step: number }[];
  readonly rungs: readonly { readonly fromStep: number; readonly rows: number }[];
  /** What the training executable warned of. */
  readonly warnings: readonly StageWarning[];
  readonly exitCodes: readonly (number | null)[];
  readonly wallMs: number;
  readonly deviceMs: number;
  /** null where it is not known: a lost attempt, or a trainer that ended before it said so. */
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
  readonly tokens: number;
  readonly checkerCalls: number;
  /** null where it was not recorded. */
  readonly usd: number | null;
}

export interface Intervention {
  readonly at: string;
  readonly actor: string;
  readonly what: string;
}

export interface AuditedWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly startedAt: string;
  readonly lastAt: string;
  readonly activities: number;
  readonly failedActivities: number;
}

/** Sums over the attempts that this experiment's own workflows made. */
export interface AuditTotals {
  readonly attempts: number;
  readonly unsuccessful: number;
  readonly cachedStages: number;
  /** Asked for, and without an artifact. */
  readonly unfinishedStages: number;
  readonly workingMs: number;
  readonly waitingMs: number;
  readonly deviceMs: number;
  /** As far as it is known. */
  readonly cpuMs: number;
  /** Attempts whose CPU time is not known. */
  readonly cpuUnknown: number;
  readonly tokens: number;
  readonly checkerCalls: number;
  readonly usd: number;
}
