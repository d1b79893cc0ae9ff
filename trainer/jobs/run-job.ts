import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { EventOf, FileDigest } from '../../schemas/trainer-event';
import { trainerProtocol, type TrainerJob } from '../../schemas/trainer-job';
import { refuseOtherJob } from '../checkpoints/checkpoint';
import { describeSemantics, findDifference, type Semantics } from '../checkpoints/semantics';
import { readJson, writeAtomic } from '../io/files';
import { fillOutputFolder, isTaken, listFiles, refuseTaken } from '../io/output-folder';
import { lockDevice } from '../locks/device';
import { lockWorkFolder } from '../locks/work-folder';
import type { EventSink } from '../protocol/events';
import type { StopSignal } from '../protocol/stop';
import { measureUsage } from '../protocol/usage';
import { requireCuda } from '../runtime';
import { runtimeVersion, trainerName, trainerVersion } from '../protocol/identity';
import { commandOf, deviceOf } from './commands';
import type { JobContext, JobMetrics, PreparedJob } from './context';
import { loadFamily } from './family';
import { profileOf } from './profile';

/** Written to the work folder before the output folder appears: a later start of the same job finds it finished. */
interface Publication {
  readonly semantics: Semantics;
  readonly files: readonly FileDigest[];
  readonly metrics: JobMetrics;
}

const publicationPath = (job: TrainerJob): string => join(job.workDir, 'published.json');

/** The earlier result of this job, if its output folder still has it. */
async function findPublication({ job, semantics }: JobContext): Promise<Publication | null> {
  if (!isTaken(job.outputDir)) return null;
  const path = publicationPath(job);
  if (!existsSync(path)) refuseTaken(job.outputDir);
  const publication = readJson(path) as Publication;
  refuseOtherJob(findDifference(publication.semantics, semantics), job.workDir);
  const found = await listFiles(job.outputDir);
  if (findDifference(found, publication.files) !== null) refuseTaken(job.outputDir);
  return publication;
}

function sendHello(job: TrainerJob, events: EventSink, resumedFromStep: number): void {
  events.emit({
    event: 'hello',
    protocol: trainerProtocol,
    trainer: trainerName,
    version: trainerVersion,
    runtime: runtimeVersion(),
    pid: process.pid,
    command: job.command,
    id: job.id,
    device: deviceOf(job),
    threads: job.plan.threads,
    resumedFromStep,
  });
}

function sendResult({ job, events }: JobContext, files: readonly FileDigest[], metrics: JobMetrics): void {
  events.emit({
    event: 'result',
    outputDir: job.outputDir,
    files: [...files],
    metrics: { ...metrics },
    ...measureUsage(),
  });
}

async function publish(context: JobContext, prepared: PreparedJob): Promise<void> {
  const { job, semantics } = context;
  let metrics: JobMetrics = {};
  const files = await fillOutputFolder(job.outputDir, {
    fill: async (folder) => {
      metrics = await prepared.run(folder);
    },
    beforeRename: (made) => {
      const publication: Publication = { semantics, files: made, metrics };
      writeAtomic(publicationPath(job), [JSON.stringify(publication)]);
    },
  });
  sendResult(context, files, metrics);
}

/** @throws DEVICE_UNAVAILABLE, or CONFIG_INVALID for a precision that the device does not support. */
function requireDevice({ plan, ...job }: TrainerJob): void {
  if (plan.device === 'cuda') requireCuda();
  else if ('training' in job && job.training.precision === 'bf16')
    throw new BudgetlineError('CONFIG_INVALID', 'Field "training.precision": the CPU supports f32 and f16.', {
      remedy: 'Remove the field or set "f16"; "bf16" needs device "cuda".',
      details: { field: 'training.precision' },
    });
}

/** A job's semantics after a round trip through JSON, since they are compared with ones from a file. */
async function describe(job: TrainerJob): Promise<Semantics> {
  const inputs = await commandOf(job).describeInputs(job);
  return JSON.parse(JSON.stringify(describeSemantics(job, inputs))) as Semantics;
}

/** Sends hello once the resume point is known, then the warnings from before that. */
function createGreeting(job: TrainerJob, events: EventSink) {
  const pending: EventOf<'warning'>[] = [];
  let greeted = false;
  const warn = (code: string, message: string): void => {
    const warning = { event: 'warning', code, message } as const;
    if (greeted) events.emit(warning);
    else pending.push(warning);
  };
  const greet = (resumedFromStep: number): void => {
    sendHello(job, events, resumedFromStep);
    greeted = true;
    for (const warning of pending) events.emit(warning);
  };
  return { warn, greet };
}

async function work(job: TrainerJob, channel: { events: EventSink; stop: StopSignal }): Promise<void> {
  const { warn, greet } = createGreeting(job, channel.events);
  const context: JobContext = {
    job,
    semantics: await describe(job),
    profile: profileOf(job),
    family: await loadFamily(job.family),
    ...channel,
    warn,
  };
  const publication = await findPublication(context);
  if (publication !== null) {
    greet(publication.metrics['steps'] ?? 0);
    sendResult(context, publication.files, publication.metrics);
    return;
  }
  const prepared = await commandOf(job).prepare(context);
  greet(prepared.resumedFromStep);
  try {
    await publish(context, prepared);
  } finally {
    context.profile.externalData?.remove();
  }
}

/**
 * Runs a job to its result event, with its work folder locked.
 * @throws BudgetlineError with the code of the failure; TRAINER_YIELDED on a request to stop.
 */
export async function runJob(
  job: TrainerJob,
  channel: { events: EventSink; stop: StopSignal },
): Promise<void> {
  requireDevice(job);
  const unlockFolder = await lockWorkFolder(job.workDir);
  try {
    await lockDevice(channel);
    await work(job, channel);
  } finally {
    unlockFolder();
  }
}
