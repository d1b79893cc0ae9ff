import { CancelledFailure, type Context } from '@temporalio/activity';
import {
  countInfrastructureFailures,
  endAttempt,
  nestedRowsOf,
  paymentsFor,
  deferralCodes,
  startAttempt,
  type AttemptEnd,
} from '../audit';
import { BudgetlineError } from '../core/failures';
import type { LedgerLine } from '../schemas/ledger';
import { paidUsd, type PlannedStage } from '../contracts/stage';
import { digestOf } from '../core/digest';
import { inputDigests } from '../stages';
import { readDurableWork } from './durable-work';
import { withCode } from './failures';
import { paymentOf } from './payment';
import { activityRefOf, earlierIn } from './usage';
import type { StageSession } from './session';

/** Identifies an attempt in the ledger. */
export interface AttemptNames {
  readonly stage: string;
  readonly kind: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly activity: string;
  readonly experimentId: string;
}

export function namesOf(context: Context, stage: PlannedStage, experimentId: string): AttemptNames {
  const { info } = context;
  const { workflowId = 'none' } = info.workflowExecution ?? {};
  const ref = activityRefOf(context);
  return { stage: stage.key, kind: stage.kind, workflowId, ...ref, attempt: info.attempt, experimentId };
}

/** Opens the attempt in the stage's ledger and returns the chain's lines. */
export async function openAttempt(session: StageSession, names: AttemptNames): Promise<LedgerLine[]> {
  const { environment, stage, claim, runDir } = session;
  const { actor, host, device, packageVersion } = environment;
  const { checkpointStep, reached } = await readDurableWork(runDir);
  const start = {
    ...names,
    fence: claim.fence,
    actor,
    host,
    pid: process.pid,
    device,
    packageVersion,
    codeDigest: await environment.codeDigest(),
    worker: await environment.worker(),
    specDigest: digestOf(stage.spec),
    inputs: inputDigests(stage.inputs),
    rows: nestedRowsOf(stage),
    resumedFromStep: checkpointStep,
    reached,
  };
  const lines = await startAttempt(session.ledger, start, claim, session.outages.current !== undefined);
  Object.assign(session.usage, earlierIn(lines));
  return lines;
}

type Ending = Pick<AttemptEnd, 'outcome' | 'code' | 'message' | 'artifact' | 'manifestDigest' | 'scores'>;

const noArtifact = { artifact: null, manifestDigest: null, scores: null };

/** The answers exist and another attempt will judge them: the device is free again. */
export const answered: Ending = { outcome: 'answered', code: null, message: null, ...noArtifact };

/** Closes the attempt in the ledger and returns the chain's new head. */
export async function closeAttempt(
  session: StageSession,
  names: AttemptNames,
  ending: Ending,
): Promise<string> {
  const { claim, usage, inputs } = session;
  await session.notes.drain();
  const end = {
    ...names,
    fence: claim.fence,
    ...ending,
    ...usage.totals(),
    inputDigests: { ...inputs.digests },
    ...(await paymentOf(session)),
  };
  return endAttempt(session.ledger, end, claim);
}

/** True if cancellation was requested. False if the worker is stopping or the server lost the heartbeat. */
function cancellationRequested({ cancellationSignal }: Context): boolean {
  const reason: unknown = cancellationSignal.reason;
  return reason instanceof CancelledFailure && reason.message === 'CANCELLED';
}

/** The failure that an error means, given what happened to the attempt meanwhile. */
export function explainFailure(session: StageSession, error: unknown): BudgetlineError | CancelledFailure {
  const { claim, context, stop, stage } = session;
  if (claim.lost.aborted)
    return new BudgetlineError('CLAIM_LOST', `${stage.title}: the claim passed to another worker.`, {
      cause: error,
    });
  if (cancellationRequested(context)) return new CancelledFailure('CANCELLED');
  const failure = withCode(error);
  if (!stop.aborted || failure.code !== 'TRAINER_YIELDED') return failure;
  return new BudgetlineError(
    'WORKER_STOPPING',
    `${stage.title}: the worker is stopping, or the server lost contact with it; the progress is kept.`,
  );
}

function endingOf(failure: BudgetlineError | CancelledFailure): Ending {
  if (failure instanceof CancelledFailure)
    return { outcome: 'cancelled', code: null, message: null, ...noArtifact };
  const { code } = failure;
  const outcome = deferralCodes.has(code) ? 'yielded' : 'failed';
  return { outcome, code, message: failure.message.slice(0, 500), ...noArtifact };
}

/** The final failure of a stage with more infrastructure failures than its definition allows. */
export function retriesSpent(
  session: StageSession,
  lines: readonly LedgerLine[],
  names: AttemptNames,
  { last, reached }: { readonly last?: BudgetlineError; readonly reached?: number } = {},
): BudgetlineError | undefined {
  const { environment, execution, stage } = session;
  const { infrastructureRetries } = execution;
  const count = countInfrastructureFailures(lines, names.runId, reached);
  if (count <= infrastructureRetries) return undefined;
  const lastly = last === undefined ? 'its workers were lost.' : `the last: ${last.message}`;
  return new BudgetlineError(
    'RETRIES_SPENT',
    `${stage.title} failed ${count} times, and ${infrastructureRetries} retries are allowed; ${lastly}`,
    {
      details: {
        count,
        ledger: environment.store.placeOf({ stage: stage.key }),
        lastCode: last?.code ?? null,
      },
    },
  );
}

/** Adds what the attempts of this request have paid, for the workflow's spend tracker. */
function withSpending(
  { code, message, remedy, details }: BudgetlineError,
  lines: readonly LedgerLine[],
  names: AttemptNames,
): BudgetlineError {
  const spentUsd = paidUsd(paymentsFor(lines, names));
  return new BudgetlineError(code, message, { remedy, details: { spentUsd, ...details } });
}

/** Records how an attempt failed, and returns the failure that the workflow gets. */
export async function recordFailure(
  session: StageSession,
  names: AttemptNames,
  error: unknown,
): Promise<BudgetlineError | CancelledFailure> {
  const failure = explainFailure(session, error);
  // The new holder of the claim writes the ledger now, and records this attempt as lost.
  if (failure instanceof BudgetlineError && failure.code === 'CLAIM_LOST') return failure;
  try {
    await closeAttempt(session, names, endingOf(failure));
    if (failure instanceof CancelledFailure) return failure;
    const lines = await session.ledger.read();
    const { reached } = await readDurableWork(session.runDir);
    const spent = retriesSpent(session, lines, names, { last: failure, reached });
    return withSpending(spent ?? failure, lines, names);
  } catch {
    // A full disk takes no ledger line; the next attempt records this one as lost.
    return failure;
  }
}
