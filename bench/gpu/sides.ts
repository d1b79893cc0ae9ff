/** The two sides of the GPU benchmark; each makes the same steps in its own process. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BudgetlineError, type FailureCode } from '../../core/failures';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';
import { trainerProtocol, type JobOf } from '../../schemas/trainer-job';
import { warmupStepsOf } from '../../trainer/data/schedule';
import { linearModules } from '../../core/linear-modules';
import { embedded, trainer } from '../jobs';
import { findPython, runPython } from '../python';
import { watchDevice } from './memory';

export interface Settings {
  readonly device: 'cpu' | 'cuda';
  readonly steps: number;
  readonly rows: number;
  readonly micro: number;
  readonly tokens: number;
  readonly threads: number;
}

export const sides = ['budgetline', 'trl'] as const;
type Side = (typeof sides)[number];

/** End of each step of a side, in seconds, and the use of its process. */
interface Timed {
  readonly stepSeconds: readonly number[];
  readonly wallSeconds: number;
  readonly lastLoss: number;
  readonly peakMemoryBytes: number;
  /** Peak of PyTorch's allocator, which reserves more than that from the GPU. */
  readonly allocatedDeviceBytes?: number | null;
}

export interface Run extends Timed {
  readonly side: Side;
  /** null on the CPU. */
  readonly peakDeviceBytes: number | null;
}

export interface Files {
  readonly model: string;
  readonly data: string;
}

/** The job of one side, with its own folder. */
function jobOf(folder: string, files: Files, settings: Settings): JobOf<'sft'> {
  const { device, rows, micro, tokens, threads, steps } = settings;
  return {
    protocol: trainerProtocol,
    command: 'sft',
    id: 'bench-gpu',
    seed: 0,
    column: 'completion',
    workDir: join(folder, 'work'),
    outputDir: join(folder, 'out'),
    ...files,
    checkpointEverySteps: steps,
    keepCheckpoints: 1,
    plan: { device, threads, microBatchSize: micro },
    training: {
      ...embedded.sft,
      epochs: 1,
      batchSize: rows,
      learningRate: 1e-4,
      maxLength: tokens + 8,
      lora: { rank: 16, alpha: 32, targetModules: [...linearModules] },
      precision: device === 'cuda' ? 'bf16' : undefined,
    },
  };
}

async function runOurs(folder: string, job: JobOf<'sft'>): Promise<Timed> {
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify(job));
  const begin = performance.now();
  const seconds = (): number => (performance.now() - begin) / 1000;
  const stepSeconds: number[] = [];
  const child = spawn(process.execPath, [trainer, 'sft', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last: TrainerEvent | null = null;
  let lastLoss = Number.NaN;
  for await (const line of createInterface(child.stdout)) {
    last = trainerEvent.parse(JSON.parse(line));
    if (last.event !== 'metric') continue;
    stepSeconds.push(seconds());
    lastLoss = last.values['loss'] ?? lastLoss;
  }
  if (last?.event === 'error')
    throw new BudgetlineError(last.code as FailureCode, last.message, { remedy: last.remedy });
  if (last?.event !== 'result') throw new Error('The training executable ended without a result.');
  return { stepSeconds, wallSeconds: seconds(), lastLoss, peakMemoryBytes: last.peakMemoryBytes };
}

/** The other side recomputes layers in the backward pass if our side does. */
async function runTheirs(
  folder: string,
  { model, data, training, plan }: JobOf<'sft'>,
  steps: number,
): Promise<Timed> {
  const { device, threads, microBatchSize } = plan;
  const spec = {
    model,
    data,
    outputDir: join(folder, 'adapter'),
    seed: 0,
    training,
    warmupSteps: warmupStepsOf(training.warmupRatio, steps),
    device,
    microBatchSize,
    precision: training.precision ?? 'f32',
    recompute: device === 'cuda',
  };
  const path = join(folder, 'spec.json');
  writeFileSync(path, JSON.stringify(spec));
  const begin = performance.now();
  const result = (await runPython(findPython(process.env), 'sft', path, threads)) as Timed;
  return { ...result, wallSeconds: (performance.now() - begin) / 1000 };
}

/** Runs one side once, in a folder that does not exist yet. */
export async function runSide(side: Side, folder: string, files: Files, settings: Settings): Promise<Run> {
  mkdirSync(folder);
  const job = jobOf(folder, files, settings);
  const work = () => (side === 'budgetline' ? runOurs(folder, job) : runTheirs(folder, job, settings.steps));
  if (settings.device === 'cpu') return { ...(await work()), side, peakDeviceBytes: null };
  const { made, peakDeviceBytes } = await watchDevice(work);
  return { ...made, side, peakDeviceBytes };
}

/**
 * Seconds of a step, from the first end of a call after the first third of the steps to the last one. Our side makes
 * several steps a call and reports them together: if two are less than a tenth of a mean step apart, no call has ended.
 */
export function secondsOfStep({ stepSeconds }: Pick<Timed, 'stepSeconds'>): number {
  const last = stepSeconds.length - 1;
  const mean = (stepSeconds[last]! - stepSeconds[0]!) / last;
  const endsCall = (at: number): boolean => stepSeconds[at + 1]! - stepSeconds[at]! > mean / 10;
  let from = Math.max(0, Math.floor(stepSeconds.length / 3) - 1);
  while (from < last - 1 && !endsCall(from)) from += 1;
  return (stepSeconds[last]! - stepSeconds[from]!) / (last - from);
}
