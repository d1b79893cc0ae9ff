import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { foundScores } from '../contracts/auxiliary';
import { BudgetlineError } from '../core/failures';
import { stageMetricsOf } from '../contracts/metrics';
import type { StageRequest } from '../contracts/activities';
import type { StageResult } from '../contracts/stage';
import { inputDigests } from '../stages';
import { ensureDir } from '../host/durable-files';
import { digestFile, type Claim, type PublishedArtifact, type PublishRequest } from '../store';
import {
  answered,
  closeAttempt,
  namesOf,
  openAttempt,
  recordFailure,
  retriesSpent,
  type AttemptNames,
} from './attempt';
import { describeRows } from './dataset';
import type { StageEnvironment } from './deps';
import { toActivityFailure, withCode } from './failures';
import { OutageWatch } from './outage';
import { buyStageRows, paymentOf } from './payment';
import { findPublished, resultOf } from './published';
import { StageSession, type StageMaker, type StageOutput } from './session';
import { activityRefOf, totalCost, warningsIn } from './usage';

async function claimStage(environment: StageEnvironment, { stage }: StageRequest): Promise<Claim> {
  const holder = `${environment.actor}@${environment.host} process ${process.pid}`;
  const outcome = await environment.store.claim(stage.key, holder);
  if ('claim' in outcome) return outcome.claim;
  throw new BudgetlineError('STAGE_CLAIMED', `${stage.title} is being run by ${outcome.heldBy.holder}.`, {
    details: { fence: outcome.heldBy.fence },
  });
}

async function describeArtifact(
  session: StageSession,
  output: StageOutput,
): Promise<PublishRequest['manifest']> {
  const { environment, stage, request, usage, inputs } = session;
  const lines = await environment.store.chain({ stage: stage.key }).read();
  return {
    makes: stage.makes,
    revision: stage.revision,
    title: stage.title,
    spec: stage.spec,
    inputs: inputDigests(stage.inputs),
    inputDigests: { ...inputs.digests },
    made: {
      at: new Date().toISOString(),
      host: environment.host,
      experimentId: request.experimentId,
      fence: session.claim.fence,
      paid: await paymentOf(session),
      ...usage.made,
      warnings: warningsIn(lines),
      cost: totalCost(lines, usage, request.experimentId),
    },
    ...stageMetricsOf(output),
    sources: stage.sources as PublishRequest['manifest']['sources'],
    croissant: await describeRows(stage, output.dir),
  };
}

async function publish(session: StageSession, output: StageOutput): Promise<PublishedArtifact> {
  const { environment, stage, claim } = session;
  session.report({ phase: 'publishing' });
  const manifest = await describeArtifact(session, output);
  const id = { kind: stage.kind, key: stage.key };
  return environment.store.publish({ id, dir: output.dir, manifest }, claim);
}

/** Files that stay in a run folder after publishing. */
const remaining: ReadonlySet<string> = new Set(['events.jsonl', 'stderr.log']);

async function clearRunFolder(runDir: string): Promise<void> {
  const names = (await readdir(runDir)).filter((name) => !remaining.has(name));
  await Promise.all(names.map((name) => rm(join(runDir, name), { recursive: true, force: true })));
}

/** The store lists the artifact and does not return it: an earlier version made it. */
async function warnOfEarlierFormat(session: StageSession): Promise<void> {
  const { environment, stage } = session;
  if ((await environment.store.list(stage.key)).length === 0) return;
  const message =
    'An earlier version made this artifact in another format. It is made again; what was paid stays paid.';
  session.warn({ code: 'FORMAT_UNSUPPORTED', message });
}

/** The work of an attempt that publishes an artifact. */
async function makeAndPublish(
  session: StageSession,
  names: AttemptNames,
  make: StageMaker,
): Promise<StageResult> {
  await warnOfEarlierFormat(session);
  const output = await make(session);
  await session.notes.drain();
  await buyStageRows(session);
  const artifact = await publish(session, output);
  const ending = {
    outcome: 'published',
    code: null,
    message: null,
    artifact: artifact.manifest.digest,
    manifestDigest: await digestFile(join(artifact.dir, 'manifest.json')),
    scores: session.stage.makes === 'scores' ? foundScores(output) : null,
  } as const;
  await closeAttempt(session, names, ending);
  await clearRunFolder(session.runDir);
  const { environment, stage, context } = session;
  return resultOf(environment.store, stage, artifact, { cached: false, ref: activityRefOf(context) });
}

/** The work of an attempt, up to its last ledger line. */
type AttemptWork<T> = (session: StageSession, names: AttemptNames) => Promise<T>;

async function runAttempt<T>(session: StageSession, work: AttemptWork<T>): Promise<T> {
  const names = namesOf(session.context, session.stage, session.request.experimentId);
  session.startHeartbeats();
  try {
    const lines = await openAttempt(session, names);
    const spent = retriesSpent(session, lines, names);
    if (spent !== undefined) throw spent;
    await ensureDir(session.runDir);
    return await work(session, names);
  } catch (error) {
    throw await recordFailure(session, names, error);
  } finally {
    session.stopHeartbeats();
  }
}

/** Runs under the claim. Another worker may have published before the claim was taken. */
async function runClaimed<T>(
  environment: StageEnvironment,
  request: StageRequest,
  { claim, work, outages }: { claim: Claim; work: AttemptWork<T>; outages: OutageWatch },
): Promise<StageResult | T> {
  const { store } = environment;
  const context = Context.current();
  const found = await findPublished({ store, stage: request.stage, ref: activityRefOf(context), claim });
  return found ?? runAttempt(new StageSession(environment, request, claim, context, outages), work);
}

async function runOnce<T>(
  environment: StageEnvironment,
  request: StageRequest,
  work: AttemptWork<T>,
): Promise<StageResult | T> {
  const context = Context.current();
  const { stage, execution } = request;
  const outages = new OutageWatch(context, execution.outageHours);
  try {
    const ref = activityRefOf(context);
    const found = await findPublished({ store: environment.store, stage, ref });
    if (found !== undefined) return found;
    const claim = await claimStage(environment, request);
    return await runClaimed(environment, request, { claim, work, outages }).finally(() => claim.release());
  } catch (error) {
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    const ended = outages.end(withCode(error), stage);
    throw toActivityFailure(ended.error, context.info.attempt, ended.lookAgainSeconds);
  }
}

/**
 * Runs a stage once, however many workflows ask: looks for its artifact, takes the claim, looks again, then
 * makes and publishes it and records the attempt. Throws an ApplicationFailure with the failure's code as
 * type, or a CancelledFailure if cancellation was requested.
 */
export function runStage(
  environment: StageEnvironment,
  request: StageRequest,
  make: StageMaker,
): Promise<StageResult> {
  return runOnce(environment, request, (session, names) => makeAndPublish(session, names, make));
}

/**
 * Runs a stage's device part, so that another worker can finish the stage without a device. The
 * attempt ends with the outcome "answered". Does nothing if the artifact exists; throws as {@link
 * runStage}.
 */
export async function answerStage(
  environment: StageEnvironment,
  request: StageRequest,
  answer: (session: StageSession) => Promise<void>,
): Promise<void> {
  await runOnce(environment, request, async (session, names) => {
    await answer(session);
    await closeAttempt(session, names, answered);
  });
}
