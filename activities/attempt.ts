import { CancelledFailure, type Context } from '@temporalio/activity';
import {
  countInfrastructureFailures,
  endAttempt,
  givenWayTo,
  readLedger,
  startAttempt,
  type AttemptEnd,
} from '../audit';
import { BudgetlineError } from '../contracts/failures';
import type { LedgerLine } from '../schemas/ledger';
import type { PlannedStage } from '../contracts/stage';
import { digestOf, inputDigests, rowPrice } from '../planning';
import { lastCheckpointStep } from './checkpoint-pointer';
import { withCode } from './failures';
import { askingOf, callsIn, endedFor } from './usage';
import type { StageSession } from './session';

/** Names an attempt in the ledger. */
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
  const asking = askingOf(context);
  return { stage: stage.key, kind: stage.kind, workflowId, ...asking, attempt: info.attempt, experimentId };
}

function ledgerOf({ environment, stage }: StageSession): string {
  return environment.store.paths.stageLedger(stage.key);
}

/** Opens the attempt's entry in the stage's ledger; gives the chain as it then stands. */
export async function openAttempt(session: StageSession, names: AttemptNames): Promise<LedgerLine[]> {
  const { environment, stage, claim, runDir } = session;
  const { actor, host, device, packageVersion } = environment;
  const lines = await startAttempt(ledgerOf(session), {
    ...names,
    fence: claim.fence,
    ...{ actor, host, pid: process.pid, device, packageVersion },
    codeDigest: await environment.codeDigest(),
    worker: await environment.worker(),
    specDigest: digestOf(stage.spec),
    inputs: inputDigests(stage.inputs),
    resumedFromStep: await lastCheckpointStep(runDir),
  });
  session.usage.earlierCalls = callsIn(lines);
  return lines;
}

type Ending = Pick<AttemptEnd, 'outcome' | 'code' | 'message' | 'artifact' | 'manifestDigest' | 'scores'>;

const nothingMade = { artifact: null, manifestDigest: null, scores: null };

/** An attempt whose answers are there for others to judge: it gives its device back. */
export const answered: Ending = { outcome: 'answered', code: null, message: null, ...nothingMade };

/** What an attempt spent: rows are bought by publishing them, calls by making them; an endpoint's bill is what it is. */
function spentUsd({ stage, request, usage }: StageSession, { outcome }: Ending): number | null {
  const { prices } = request;
  if (usage.annotation !== null) return usage.annotation.usd;
  if (prices === undefined) return null;
  const { spec } = stage;
  const price = spec.kind === 'synthesizeData' ? rowPrice(prices, spec.what) : 0;
  const rows = spec.kind === 'synthesizeData' && outcome === 'published' ? spec.rows : 0;
  return rows * price + usage.newVerifierCalls * prices.verifierCall;
}

/** Closes the attempt's entry; gives the chain's new head. */
export async function closeAttempt(
  session: StageSession,
  names: AttemptNames,
  ending: Ending,
): Promise<string> {
  const { claim, usage, inputs } = session;
  await session.notes.drain();
  return endAttempt(ledgerOf(session), {
    ...{ ...names, fence: claim.fence, ...ending, ...usage.figures() },
    inputDigests: { ...inputs.digests },
    usd: spentUsd(session, ending),
  });
}

/** True where cancellation was asked for, and not where the worker stops or the server has lost sight of us. */
function cancellationAsked({ cancellationSignal }: Context): boolean {
  const reason: unknown = cancellationSignal.reason;
  return reason instanceof CancelledFailure && reason.message === 'CANCELLED';
}

/** What an error at the end of an attempt means, given what the attempt was told meanwhile. */
export function explainFailure(session: StageSession, error: unknown): BudgetlineError | CancelledFailure {
  const { claim, context, stop, stage } = session;
  if (claim.lost.aborted)
    return new BudgetlineError('CLAIM_LOST', `${stage.title}: the claim passed to another worker.`, {
      cause: error,
    });
  if (cancellationAsked(context)) return new CancelledFailure('CANCELLED');
  const failure = withCode(error);
  if (!stop.aborted || failure.code !== 'TRAINER_YIELDED') return failure;
  return new BudgetlineError(
    'WORKER_STOPPING',
    `${stage.title}: the worker is stopping, or the server has lost sight of it; the progress is kept.`,
  );
}

function endingOf(failure: BudgetlineError | CancelledFailure): Ending {
  if (failure instanceof CancelledFailure)
    return { outcome: 'cancelled', code: null, message: null, ...nothingMade };
  const { code } = failure;
  const outcome = givenWayTo.has(code) ? 'yielded' : 'failed';
  return { outcome, code, message: failure.message.slice(0, 500), ...nothingMade };
}

/** The failure for good of a stage that has failed for reasons of infrastructure more often than its definition allows. */
export function retriesSpent(
  session: StageSession,
  lines: readonly LedgerLine[],
  names: AttemptNames,
  last?: BudgetlineError,
): BudgetlineError | undefined {
  const { infrastructureRetries } = session.execution;
  const count = countInfrastructureFailures(lines, names.runId);
  if (count <= infrastructureRetries) return undefined;
  const lastly = last === undefined ? 'its workers were lost.' : `the last: ${last.message}`;
  return new BudgetlineError(
    'RETRIES_SPENT',
    `${session.stage.title} failed ${count} times, and ${infrastructureRetries} retries are allowed; ${lastly}`,
    { details: { count, ledger: ledgerOf(session), lastCode: last?.code ?? null } },
  );
}

/** The same failure, with what the attempts of this request have spent: the workflow's purse has to know. */
function withSpending(
  { code, message, remedy, details }: BudgetlineError,
  lines: readonly LedgerLine[],
  names: AttemptNames,
): BudgetlineError {
  const spentUsd = endedFor(lines, names).reduce((sum, { usd }) => sum + (usd ?? 0), 0);
  return new BudgetlineError(code, message, { remedy, details: { spentUsd, ...details } });
}

/** Tells the ledger how an attempt failed, and gives the failure that the workflow shall see. */
export async function recordFailure(
  session: StageSession,
  names: AttemptNames,
  error: unknown,
): Promise<BudgetlineError | CancelledFailure> {
  const failure = explainFailure(session, error);
  // Whoever holds the claim now is the ledger's writer, and tells of this attempt as lost.
  if (failure instanceof BudgetlineError && failure.code === 'CLAIM_LOST') return failure;
  try {
    await closeAttempt(session, names, endingOf(failure));
    if (failure instanceof CancelledFailure) return failure;
    const lines = await readLedger(ledgerOf(session));
    return withSpending(retriesSpent(session, lines, names, failure) ?? failure, lines, names);
  } catch {
    // A full disk takes no ledger line; the next attempt then tells of this one as lost.
    return failure;
  }
}
