import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { EventOf, TrainerEvent } from '../../schemas/trainer-event';
import type { TrainerJob } from '../../schemas/trainer-job';
import { ensureDir, writeFileAtomic } from '../../host/durable-files';
import {
  microBatchSize,
  readMicroBatches,
  withMicroBatch,
  writeMicroBatches,
  type MicroBatches,
} from './micro-batches';
import { superviseTrainer, type SuperviseLimits, type TrainerExit } from './supervise';
import { judgeExit, type TrainerSuccess } from './verdict';

/** How a worker starts trainers. */
export interface TrainerSetup {
  /** Program and first arguments, e.g. [node, budgetline-trainer.js]. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Locks of the devices that trainers may use. */
  readonly deviceLocks?: readonly string[];
  readonly limits: SuperviseLimits;
}

/** Signals that control a run, and its callbacks. */
export interface TrainerControls {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  onEvent?(event: TrainerEvent): void;
  onStall?(): void;
  /** Called for each process that ended. */
  onExit?(exit: TrainerExit): void;
  /** Called when the device ran out of memory and the micro-batch size was halved. */
  onMicroBatchReduced?(reduction: MicroBatches[number]): void;
}

export interface TrainerRunOptions {
  readonly job: TrainerJob;
  /** Holds job.json, events.jsonl and stderr.log. The job's own folders are here or below. */
  readonly runDir: string;
  readonly setup: TrainerSetup;
  readonly controls: TrainerControls;
}

export interface TrainerRun extends TrainerSuccess {
  /** Empty for jobs that do not train. */
  readonly microBatches: MicroBatches;
}

function throwIfStopped({ stop, kill }: TrainerControls): void {
  if (stop.aborted || kill.aborted)
    throw new BudgetlineError('TRAINER_YIELDED', 'The stage was asked to stop before its trainer started.');
}

async function runProcess(options: TrainerRunOptions, job: TrainerJob): Promise<TrainerExit> {
  const { runDir, setup, controls } = options;
  const jobPath = join(job.workDir, '..', 'job.json');
  throwIfStopped(controls);
  await ensureDir(job.workDir);
  // A crashed publish may have left its manifest in the output folder; the trainer accepts only its own
  // files there.
  await rm(join(job.outputDir, 'manifest.json'), { force: true });
  await writeFileAtomic(jobPath, `${JSON.stringify(job, undefined, 2)}\n`);
  const exit = await superviseTrainer({ ...setup, ...controls, runDir, args: [job.command, jobPath] });
  controls.onExit?.(exit);
  return exit;
}

/**
 * The halved micro-batch size after running out of memory, from the last checkpoint's step on. Undefined at
 * one row.
 */
function reduceMicroBatch(
  exit: TrainerExit,
  rows: number | undefined,
  lastStep: number,
): MicroBatches[number] | undefined {
  const outOfMemory = exit.exitCode === 71 || exit.error?.code === 'DEVICE_OUT_OF_MEMORY';
  if (!outOfMemory || rows === undefined || rows <= 1) return undefined;
  return { fromStep: lastStep, rows: Math.floor(rows / 2) };
}

/** Tracks the step that a restart resumes from: the newest checkpoint's. */
function followCheckpoints(controls: TrainerControls): { controls: TrainerControls; step(): number } {
  let step = 0;
  const onEvent = (event: TrainerEvent): void => {
    if (event.event === 'hello') step = event.resumedFromStep;
    if (event.event === 'checkpoint') step = event.step;
    controls.onEvent?.(event);
  };
  return { controls: { ...controls, onEvent }, step: () => step };
}

function plannedMicroBatches(job: TrainerJob): MicroBatches {
  const rows = microBatchSize(job);
  return rows === undefined ? [] : [{ fromStep: 0, rows }];
}

/** The sizes that were really used: without a reduction, the executable may have chosen its own. */
function usedMicroBatches(microBatches: MicroBatches, { metrics }: EventOf<'result'>): MicroBatches {
  const [planned, ...more] = microBatches;
  if (planned === undefined || more.length > 0) return microBatches;
  return [{ ...planned, rows: metrics['microBatchSize'] ?? planned.rows }];
}

/**
 * Runs a job to its result. When the device runs out of memory, a training job restarts from its checkpoint
 * with half the micro-batch size, down to one row. The size is stored, so that a later attempt starts with
 * it. Throws a BudgetlineError with the failure's code.
 */
export async function runTrainer(options: TrainerRunOptions): Promise<TrainerRun> {
  const { job } = options;
  const found = await readMicroBatches(job.workDir);
  const microBatches = found.length > 0 ? found : plannedMicroBatches(job);
  const followed = followCheckpoints(options.controls);
  for (;;) {
    const rows = microBatches.at(-1)?.rows;
    const attempt = rows === undefined || microBatches.length === 1 ? job : withMicroBatch(job, rows);
    const exit = await runProcess({ ...options, controls: followed.controls }, attempt);
    const reduction = reduceMicroBatch(exit, rows, followed.step());
    if (reduction === undefined) {
      const success = await judgeExit(exit, job);
      return { ...success, microBatches: usedMicroBatches(microBatches, success.result) };
    }
    microBatches.push(reduction);
    await writeMicroBatches(job.workDir, microBatches);
    options.controls.onMicroBatchReduced?.(reduction);
  }
}
