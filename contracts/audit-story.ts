import type { FoundScore } from './auxiliary';
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
  /** How its last run stands, and why where it did not end whole. */
  readonly state: RunState;
  readonly stages: readonly AuditedStage[];
  /** What people did: pauses, resumptions, cancellations. */
  readonly interventions: readonly Intervention[];
  readonly workflows: readonly AuditedWorkflow[];
  /** Over all runs of this experiment. */
  readonly totals: AuditTotals;
  /** Of the run that anchored the head; null where none did. */
  readonly lastRun: { readonly runId: string; readonly totals: AuditTotals } | null;
  readonly anchor: { readonly head: string; readonly lines: number; readonly signedBy: string | null } | null;
}

/**
 * `running` also where a run ended without a word, e.g. terminated: nothing in the store tells the two apart. `failed`
 * also where the workflow completed and some stage did not.
 */
export interface RunState {
  readonly is: 'running' | 'completed' | 'failed' | 'cancelled';
  /** For people; null where it completed or runs. */
  readonly reason: string | null;
}

/** `reused`: another experiment made it. `open`: no history says how it ended. */
export type StageState = 'made' | 'reused' | 'failed' | 'cancelled' | 'open';

export interface AuditedStage {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  /** The cell that asked for it, by its place in the grid: "b64-r0.5-s0"; null for what the sweep itself ran. */
  readonly cell: string | null;
  readonly state: StageState;
  /** The experiment that made its artifact: this one, or the one from which it is reused; null where there is none. */
  readonly madeBy: string | null;
  /** null where it did not end with one: cancelled, or failed for good. */
  readonly artifact: string | null;
  /** When a workflow of this experiment first asked for it; null where no history tells. */
  readonly askedAt: string | null;
  /** Between being asked for and being there, without anybody working on it; null for a reused one. */
  readonly waitingMs: number | null;
  /** Those that this experiment opened. */
  readonly attempts: readonly AuditedAttempt[];
  /** Those that other experiments opened at the same stage: no work of this one. */
  readonly shared: readonly AuditedAttempt[];
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
  /** The experiment that opened it. */
  readonly experimentId: string;
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
  readonly verifierCalls: number;
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

/** Counts of stages by how they ended, and sums over the attempts that the experiment itself opened. */
export interface AuditTotals {
  readonly stages: number;
  readonly states: Readonly<Partial<Record<StageState, number>>>;
  readonly attempts: number;
  readonly outcomes: Readonly<Partial<Record<AttemptOutcome, number>>>;
  readonly workingMs: number;
  readonly waitingMs: number;
  readonly deviceMs: number;
  /** As far as it is known. */
  readonly cpuMs: number;
  /** Attempts whose CPU time is not known. */
  readonly cpuUnknown: number;
  readonly tokens: number;
  readonly verifierCalls: number;
  readonly usd: number;
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function amongThem(counts: Readonly<Record<string, number>>, expected: readonly string[]): string {
  const others = Object.entries(counts).filter(([name]) => !expected.includes(name));
  return others.map(([name, count]) => `, ${count} ${name}`).join('');
}

/** "10 stages, 2 reused, 1 failed; 9 attempts, 1 failed": the same words on every page and terminal. */
export function describeTotals({ stages, states, attempts, outcomes }: AuditTotals): string {
  const ofStages = counted(stages, 'stage') + amongThem(states, ['made']);
  return `${ofStages}; ${counted(attempts, 'attempt')}${amongThem(outcomes, ['published', 'answered'])}`;
}
