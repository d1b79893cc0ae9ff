import type { FailureCode } from '../contracts/failures';
import { failures, isFailureCode } from '../contracts/failures';
import type { EntryOf, LedgerLine, LineOf } from '../schemas/ledger';
import { appendLine, readLedger } from './ledger';

/** Everything that an attempt's first line tells. */
export type AttemptStart = EntryOf<'attempt-started'>;
/** Everything that an attempt's last line tells. */
export type AttemptEnd = EntryOf<'attempt-ended'>;

function isStart(line: LedgerLine): line is LineOf<'attempt-started'> {
  return line.type === 'attempt-started';
}

function endOf(
  lines: readonly LedgerLine[],
  fence: number,
): LineOf<'attempt-ended' | 'attempt-lost'> | undefined {
  return lines.find(
    (line): line is LineOf<'attempt-ended' | 'attempt-lost'> =>
      (line.type === 'attempt-ended' || line.type === 'attempt-lost') && line.fence === fence,
  );
}

/** Attempts that began and of whose end the ledger says nothing: under way, or lost. */
export function openAttempts(lines: readonly LedgerLine[]): LineOf<'attempt-started'>[] {
  return lines.filter(isStart).filter((line) => endOf(lines, line.fence) === undefined);
}

/**
 * Records as lost every attempt below a fence that left no ending: its worker died, or was fenced out. Only the holder
 * of the claim with that fence may call this.
 */
export async function recordLostAttempts(path: string, fence: number): Promise<LedgerLine[]> {
  const lines = await readLedger(path);
  const lost = openAttempts(lines).filter((line) => line.fence < fence);
  for (const { stage, kind, fence: lower, host, pid } of lost) {
    const reason = `Process ${pid} on ${host} left no ending; fence ${fence} took the claim over.`;
    await appendLine(path, { type: 'attempt-lost', stage, kind, fence: lower, reason });
  }
  return lost.length === 0 ? lines : readLedger(path);
}

/** Opens an attempt: lower attempts without an ending are told of as lost first. Gives the chain as it then stands. */
export async function startAttempt(path: string, start: AttemptStart): Promise<LedgerLine[]> {
  await recordLostAttempts(path, start.fence);
  await appendLine(path, { type: 'attempt-started', ...start });
  return readLedger(path);
}

/** Closes an attempt; gives the chain's new head. */
export function endAttempt(path: string, end: AttemptEnd): Promise<string> {
  return appendLine(path, { type: 'attempt-ended', ...end });
}

/** What an attempt gives way to: it has not failed. */
export const givenWayTo: ReadonlySet<string> = new Set<FailureCode>([
  'TRAINER_YIELDED',
  'WORKER_STOPPING',
  'ANNOTATION_PENDING',
  'ANNOTATOR_BUSY',
]);

/** Failures that say nothing against the stage or its host, and so eat no retry budget. */
const uncounted: ReadonlySet<string> = new Set([
  ...givenWayTo,
  ...(['STAGE_CLAIMED', 'DEVICE_BUSY', 'CLAIM_LOST'] satisfies FailureCode[]),
]);

function isCounted(code: string | null): boolean {
  return isFailureCode(code) && failures[code].retried && !uncounted.has(code);
}

/** Whether the attempt after this one began no further on. */
function withoutProgress(starts: readonly LineOf<'attempt-started'>[], index: number): boolean {
  const from = starts[index]?.resumedFromStep ?? 0;
  const next = starts[index + 1];
  return next !== undefined && (next.resumedFromStep ?? 0) <= from;
}

/**
 * How often a stage failed for reasons of infrastructure in one workflow run: what its retry budget is held against. An
 * attempt that was lost, or yielded unasked, counts only where it moved nothing on: a host that is taken away is no fault.
 */
export function countInfrastructureFailures(lines: readonly LedgerLine[], runId: string): number {
  const starts = lines.filter(isStart);
  return starts.filter((start, index) => {
    if (start.runId !== runId) return false;
    const end = endOf(lines, start.fence);
    if (end === undefined) return false;
    if (end.type === 'attempt-lost' || end.code === 'TRAINER_YIELDED') return withoutProgress(starts, index);
    return end.outcome === 'failed' && isCounted(end.code);
  }).length;
}
