import type { FoundScore } from './auxiliary';
import type { StageWarning } from './stage';

/** The history of a run, joined from ledger, workflow histories and artifacts. Printed, shown as a page, and returned as JSON. */
export interface RunTimeline {
  readonly experimentId: string;
  /** Differs from `experimentId` if it cannot name a file. */
  readonly workflowId: string;
  /** The workflow function that ran: "allocationSweep", "allocationExperiment", or one of the user's. */
  readonly workflowType: string;
  readonly definition: unknown;
  readonly definitionDigest: string;
  readonly openedAt: string;
  readonly openedBy: string;
  /** Time of the last entry in ledger or histories. */
  readonly lastAt: string;
  /** State of the last run, with the reason if it did not complete. */
  readonly state: RunState;
  readonly stages: readonly AuditedStage[];
  /** Steering by people: pause, resume, cancel. */
  readonly interventions: readonly Intervention[];
  readonly workflows: readonly AuditedWorkflow[];
  /** Over all runs of this experiment. */
  readonly totals: AuditTotals;
  /** The run that anchored the head; null if none did. */
  readonly lastRun: { readonly runId: string; readonly totals: AuditTotals } | null;
  readonly anchor: { readonly head: string; readonly lines: number; readonly signedBy: string | null } | null;
}

/**
 * `running` also covers runs that were terminated: the store cannot tell the two apart. `failed` also covers a workflow
 * that completed although some stage did not.
 */
export interface RunState {
  readonly is: 'running' | 'completed' | 'failed' | 'cancelled';
  /** A sentence; null if the run completed or is running. */
  readonly reason: string | null;
}

/** `reused`: another experiment made it. `open`: no history records how it ended. */
export type StageState = 'made' | 'reused' | 'failed' | 'cancelled' | 'open';

export interface AuditedStage {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  /** The cell that requested it, as in "b64-r0.5-s0"; null for stages of the sweep itself. */
  readonly cell: string | null;
  readonly state: StageState;
  /** The experiment that made its artifact: this one, or the one it is reused from; null without an artifact. */
  readonly madeBy: string | null;
  /** null if the stage was cancelled or failed permanently. */
  readonly artifact: string | null;
  /** First request by a workflow of this experiment; null if no history records it. */
  readonly requestedAt: string | null;
  /** Time between request and completion without a running attempt; null for a reused stage. */
  readonly waitingMs: number | null;
  /** Attempts that this experiment opened. */
  readonly attempts: readonly AuditedAttempt[];
  /** Attempts that other experiments opened at the same stage. Not in the totals. */
  readonly shared: readonly AuditedAttempt[];
  /** Evaluations only: the scores in the ledger. Empty in older ledgers. */
  readonly scores: readonly FoundScore[];
}

export type AttemptOutcome = 'published' | 'answered' | 'failed' | 'yielded' | 'cancelled' | 'lost' | 'open';

const successful: ReadonlySet<AttemptOutcome> = new Set<AttemptOutcome>(['published', 'answered', 'open']);

/** Whether an attempt ended without its result. */
export function isUnsuccessful({ outcome }: { readonly outcome: AttemptOutcome }): boolean {
  return !successful.has(outcome);
}

export interface AuditedAttempt {
  /** Fencing token of its claim; grows from attempt to attempt. */
  readonly fence: number;
  readonly workflowId: string;
  readonly runId: string;
  /** Temporal's attempt of the activity, from 1. */
  readonly attempt: number;
  /** The experiment that opened it. */
  readonly experimentId: string;
  readonly actor: string;
  readonly host: string;
  readonly device: string;
  readonly startedAt: string;
  /** null while open; for a lost attempt, when the loss was recorded. */
  readonly endedAt: string | null;
  readonly outcome: AttemptOutcome;
  readonly code: string | null;
  readonly message: string | null;
  readonly resumedFromStep: number | null;
  readonly checkpoints: readonly { readonly at: string; readonly step: number }[];
  /** Smaller micro-batches after running out of memory: rows, and the first step with them. */
  readonly microBatchReductions: readonly { readonly fromStep: number; readonly rows: number }[];
  /** Warnings of the training executable. */
  readonly warnings: readonly StageWarning[];
  readonly exitCodes: readonly (number | null)[];
  readonly wallMs: number;
  readonly deviceMs: number;
  /** null if unknown: a lost attempt, or a trainer that ended before its first report. */
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
  readonly tokens: number;
  readonly verifierCalls: number;
  /** null if it was not recorded. */
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

/** Counts of stages by state, and sums over the attempts that the experiment itself opened. */
export interface AuditTotals {
  readonly stages: number;
  readonly states: Readonly<Partial<Record<StageState, number>>>;
  readonly attempts: number;
  readonly outcomes: Readonly<Partial<Record<AttemptOutcome, number>>>;
  readonly workingMs: number;
  readonly waitingMs: number;
  readonly deviceMs: number;
  /** Sum over the attempts whose CPU time is known. */
  readonly cpuMs: number;
  /** Attempts whose CPU time is unknown. */
  readonly cpuUnknown: number;
  readonly tokens: number;
  readonly verifierCalls: number;
  readonly usd: number;
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function describeOthers(counts: Readonly<Record<string, number>>, expected: readonly string[]): string {
  const others = Object.entries(counts).filter(([name]) => !expected.includes(name));
  return others.map(([name, count]) => `, ${count} ${name}`).join('');
}

/** "10 stages, 2 reused, 1 failed; 9 attempts, 1 failed": the same text in terminal, page and report. */
export function describeTotals({ stages, states, attempts, outcomes }: AuditTotals): string {
  const ofStages = counted(stages, 'stage') + describeOthers(states, ['made']);
  return `${ofStages}; ${counted(attempts, 'attempt')}${describeOthers(outcomes, ['published', 'answered'])}`;
}

/** Evaluations with a name each: its cell, with the title if the cell has several; without a cell its title. */
export function namedEvaluations({
  stages,
}: Pick<RunTimeline, 'stages'>): { readonly name: string; readonly stage: AuditedStage }[] {
  const evaluations = stages.filter(({ scores }) => scores.length > 0);
  return evaluations.map((stage) => {
    const { cell, title } = stage;
    const isOnly = evaluations.filter((other) => other.cell === cell).length === 1;
    return { name: cell === null ? title : isOnly ? cell : `${cell}: ${title}`, stage };
  });
}
