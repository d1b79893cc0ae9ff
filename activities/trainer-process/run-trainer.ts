import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { EventOf, TrainerEvent } from '../../schemas/trainer-event';
import type { TrainerJob } from '../../schemas/trainer-job';
import { ensureDir, writeFileAtomic } from '../../store';
import { microBatchSize, readRungs, withMicroBatch, writeRungs, type Rungs } from './micro-batches';
import { superviseTrainer, type SuperviseLimits, type TrainerExit } from './supervise';
import { judgeExit, type TrainerSuccess } from './verdict';

/** How a worker starts trainers. */
export interface TrainerSetup {
  /** Program and first arguments, e.g. [node, budgetline-trainer.js]. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Locks of the devices that they may compute on. */
  readonly deviceLocks?: readonly string[];
  readonly limits: SuperviseLimits;
}

/** What a run obeys, and whom it tells. */
export interface TrainerControls {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  onEvent?(event: TrainerEvent): void;
  onStall?(): void;
  /** Each process that ended, whatever its end. */
  onExit?(exit: TrainerExit): void;
  /** The device ran out of memory, and the job goes on at half the micro-batch. */
  onRung?(rung: Rungs[number]): void;
}

export interface TrainerRunOptions {
  readonly job: TrainerJob;
  /** Holds job.json, events.jsonl, stderr.log; the job's own folders lie in it or below. */
  readonly runDir: string;
  readonly setup: TrainerSetup;
  readonly controls: TrainerControls;
}

export interface TrainerRun extends TrainerSuccess {
  /** Empty for jobs that do not train. */
  readonly microBatches: Rungs;
}

function assertWanted({ stop, kill }: TrainerControls): void {
  if (stop.aborted || kill.aborted)
    throw new BudgetlineError('TRAINER_YIELDED', 'The stage was asked to stop before its trainer started.');
}

async function runProcess(options: TrainerRunOptions, job: TrainerJob): Promise<TrainerExit> {
  const { runDir, setup, controls } = options;
  const jobPath = join(job.workDir, '..', 'job.json');
  assertWanted(controls);
  await ensureDir(job.workDir);
  // A publish that crashed may have left its manifest in a finished output; the trainer knows only its own files there.
  await rm(join(job.outputDir, 'manifest.json'), { force: true });
  await writeFileAtomic(jobPath, `${JSON.stringify(job, undefined, 2)}\n`);
  const exit = await superviseTrainer({ ...setup, ...controls, runDir, args: [job.command, jobPath] });
  controls.onExit?.(exit);
  return exit;
}

/** The next rung down, from the step at which the process that ran out of memory stood; undefined at one row. */
function nextRung(exit: TrainerExit, rows: number | undefined, lastStep: number): Rungs[number] | undefined {
  const outOfMemory = exit.exitCode === 71 || exit.error?.code === 'DEVICE_OUT_OF_MEMORY';
  if (!outOfMemory || rows === undefined || rows <= 1) return undefined;
  return { fromStep: lastStep, rows: Math.floor(rows / 2) };
}

/** The step that a restart goes on from: the newest checkpoint's. */
function followCheckpoints(controls: TrainerControls): { controls: TrainerControls; step(): number } {
  let step = 0;
  const onEvent = (event: TrainerEvent): void => {
    if (event.event === 'hello') step = event.resumedFromStep;
    if (event.event === 'checkpoint') step = event.step;
    controls.onEvent?.(event);
  };
  return { controls: { ...controls, onEvent }, step: () => step };
}

function plannedRungs(job: TrainerJob): Rungs {
  const rows = microBatchSize(job);
  return rows === undefined ? [] : [{ fromStep: 0, rows }];
}

/** Rungs as a run came down them; where there was one, the executable may have chosen it. */
function madeRungs(rungs: Rungs, { metrics }: EventOf<'result'>): Rungs {
  const [planned, ...more] = rungs;
  if (planned === undefined || more.length > 0) return rungs;
  return [{ ...planned, rows: metrics['microBatchSize'] ?? planned.rows }];
}

/**
 * Runs a job to its result, in as many processes as memory asks for: after "device out of memory" a training job goes
 * on from its checkpoint at half the micro-batch, down to one row. Rungs outlive the attempt, so that a later one
 * begins where this one stood. Throws a BudgetlineError with the failure's code.
 */
export async function runTrainer(options: TrainerRunOptions): Promise<TrainerRun> {
  const { job } = options;
  const found = await readRungs(job.workDir);
  const microBatches = found.length > 0 ? found : plannedRungs(job);
  const followed = followCheckpoints(options.controls);
  for (;;) {
    const rows = microBatches.at(-1)?.rows;
    const attempt = rows === undefined || microBatches.length === 1 ? job : withMicroBatch(job, rows);
    const exit = await runProcess({ ...options, controls: followed.controls }, attempt);
    const rung = nextRung(exit, rows, followed.step());
    if (rung === undefined) {
      const success = await judgeExit(exit, job);
      return { ...success, microBatches: madeRungs(microBatches, success.result) };
    }
    microBatches.push(rung);
    await writeRungs(job.workDir, microBatches);
    options.controls.onRung?.(rung);
  }
}
