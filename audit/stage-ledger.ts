import type { FailureCode } from '../core/failures';
import { failures, isFailureCode, isOutage } from '../core/failures';
import type { EntryOf, LedgerLine, LineOf, Payment } from '../schemas/ledger';
import type { Chain, Claim } from '../store';

/** Fields of an attempt's first line. */
export type AttemptStart = EntryOf<'attempt-started'>;
/** Fields of an attempt's last line. */
export type AttemptEnd = EntryOf<'attempt-ended'>;
/** The claim under which a stage's chain is written. */
type StageFence = Pick<Claim, 'fence' | 'check'>;

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

/** Attempts without an ending: running, or lost. */
export function openAttempts(lines: readonly LedgerLine[]): LineOf<'attempt-started'>[] {
  return lines.filter(isStart).filter((line) => endOf(lines, line.fence) === undefined);
}

/** The attempt that made an artifact, and what it paid. */
export interface Maker {
  readonly fence: number;
  readonly paid: Payment;
}

/**
 * Records attempts below a fence that have no ending as lost: their worker died, or was fenced out. Only the holder of
 * the stage's claim may call this.
 *
 * @param found the attempt that published the stage's artifact, and whether an outage kept endings from being written
 */
export async function recordLostAttempts(
  chain: Chain,
  claim: StageFence,
  { maker, outage }: { readonly maker?: Maker; readonly outage?: boolean } = {},
): Promise<LedgerLine[]> {
  const lines = await chain.read();
  const lost = openAttempts(lines).filter((line) => line.fence < claim.fence);
  for (const { stage, kind, fence, host, pid } of lost) {
    const reason = `Process ${pid} on ${host} recorded no ending; fence ${claim.fence} took over the claim.`;
    const paid = maker?.fence === fence ? maker.paid : null;
    const lostBy = outage === true ? { outage } : {};
    await chain.append({ type: 'attempt-lost', stage, kind, fence, reason, paid, ...lostBy }, claim);
  }
  return lost.length === 0 ? lines : chain.read();
}

/** Opens an attempt, after recording lost ones. Returns the chain with the new line. */
export async function startAttempt(
  chain: Chain,
  start: AttemptStart,
  claim: StageFence,
  outage = false,
): Promise<LedgerLine[]> {
  await recordLostAttempts(chain, claim, { outage });
  await chain.append({ type: 'attempt-started', ...start }, claim);
  return chain.read();
}

/** Closes an attempt. Returns the chain's new head. */
export function endAttempt(chain: Chain, end: AttemptEnd, claim: StageFence): Promise<string> {
  return chain.append({ type: 'attempt-ended', ...end }, claim);
}

/** Codes of attempts that were deferred: they ended early without failing. */
export const deferralCodes: ReadonlySet<string> = new Set<FailureCode>([
  'TRAINER_YIELDED',
  'WORKER_STOPPING',
  'ANNOTATION_PENDING',
  'ANNOTATOR_BUSY',
]);

/** Failures that are no fault of the stage or its host. They do not count against the retry budget. */
const uncounted: ReadonlySet<string> = new Set([
  ...deferralCodes,
  ...(['STAGE_CLAIMED', 'DEVICE_BUSY', 'CLAIM_LOST'] satisfies FailureCode[]),
]);

function isCounted(code: string | null): boolean {
  return isFailureCode(code) && failures[code].retried && !isOutage(code) && !uncounted.has(code);
}

/** Work on disk when an attempt began; undefined if there was none. */
const reachedAt = (start: LineOf<'attempt-started'> | undefined): number | undefined =>
  start && (start.reached ?? start.resumedFromStep ?? 0);

/**
 * Number of infrastructure failures of a stage in one workflow run, for its retry budget. An attempt that got further than
 * the one before does not count, however it ended. Outages are limited by time.
 *
 * @param reached what the last attempt left on disk. Default: it is lost, and counts once the next one has begun
 */
export function countInfrastructureFailures(
  lines: readonly LedgerLine[],
  runId: string,
  reached?: number,
): number {
  const starts = lines.filter(isStart);
  return starts.filter((start, index) => {
    if (start.runId !== runId) return false;
    const after = reachedAt(starts[index + 1]) ?? reached;
    if (after === undefined || after > (reachedAt(start) ?? 0)) return false;
    const end = endOf(lines, start.fence);
    if (end?.type === 'attempt-lost') return end.outage !== true;
    if (end?.code === 'TRAINER_YIELDED') return true;
    return end?.outcome === 'failed' && isCounted(end.code);
  }).length;
}
