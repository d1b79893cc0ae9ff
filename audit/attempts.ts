import type { AuditedAttempt } from '../contracts/run-timeline';
import type { LedgerLine, LineOf } from '../schemas/ledger';

type Start = LineOf<'attempt-started'>;
type Ending = LineOf<'attempt-ended' | 'attempt-lost'>;

const nothingUsed = {
  exitCodes: [],
  wallMs: 0,
  deviceMs: 0,
  tokens: 0,
  verifierCalls: 0,
  cpuMs: null,
  peakMemoryBytes: null,
  usd: null,
};

function outcomeOf(
  ending: Ending | undefined,
): Pick<AuditedAttempt, 'outcome' | 'code' | 'message' | 'endedAt'> {
  if (ending === undefined) return { outcome: 'open', code: null, message: null, endedAt: null };
  const endedAt = ending.time;
  if (ending.type === 'attempt-lost') return { outcome: 'lost', code: null, message: ending.reason, endedAt };
  const { outcome, code, message } = ending;
  return { outcome, code, message, endedAt };
}

function usedBy(ending: Ending | undefined): Pick<AuditedAttempt, keyof typeof nothingUsed> {
  if (ending === undefined) return nothingUsed;
  if (ending.type === 'attempt-lost') {
    const { verifierCalls = 0, usd = null } = ending.paid ?? {};
    return { ...nothingUsed, verifierCalls, usd };
  }
  const { exitCodes, wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens, verifierCalls, usd } = ending;
  return { exitCodes, wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens, verifierCalls, usd };
}

function describeAttempt(start: Start, lines: readonly LedgerLine[]): AuditedAttempt {
  const { fence, workflowId, runId, attempt, experimentId, actor, host, device, resumedFromStep } = start;
  const own = lines.filter((line) => 'fence' in line && line.fence === fence);
  const ending = own.find((line) => line.type === 'attempt-ended' || line.type === 'attempt-lost');
  return {
    fence,
    workflowId,
    runId,
    attempt,
    experimentId,
    actor,
    host,
    device,
    resumedFromStep,
    startedAt: start.time,
    ...outcomeOf(ending),
    checkpoints: own.flatMap((line) =>
      line.type === 'attempt-checkpoint' ? [{ at: line.time, step: line.step }] : [],
    ),
    microBatchReductions: own.flatMap((line) =>
      line.type === 'attempt-micro-batch-reduced' ? [{ fromStep: line.fromStep, rows: line.rows }] : [],
    ),
    warnings: own.flatMap((line) =>
      line.type === 'attempt-warning' ? [{ code: line.code, message: line.message }] : [],
    ),
    ...usedBy(ending),
  };
}

/** Every attempt in a stage's chain, by any experiment. */
export function describeAttempts(lines: readonly LedgerLine[]): AuditedAttempt[] {
  return lines.flatMap((line) => (line.type === 'attempt-started' ? [describeAttempt(line, lines)] : []));
}
