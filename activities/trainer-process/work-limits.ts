import type { Execution } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import type { TrainerJob } from '../../schemas/trainer-job';
import { readModelSize } from '../../store';
import type { WorkLimits } from './work-watch';

/** Time without work that is allowed for any job, e.g. while a checkpoint or a model is written. */
const baseMs = 5 * 60_000;

/**
 * A device with fewer operations per second counts as hung. Set low, because ending a working trainer loses
 * its progress.
 */
const minOperationsPerSecond: Readonly<Record<Execution['device'], number>> = { cpu: 2e9, cuda: 2e11 };

/** Steps per call of the ONNX model: on a GPU the trainer runs eight at once. */
const stepsPerCall: Readonly<Record<Execution['device'], number>> = { cpu: 1, cuda: 8 };

/** Forward, backward (twice the work), and one more forward for gradient checkpointing. */
const passesOfStep = 4;

/** The most tokens that go through the model in one call. */
function tokenPasses(job: TrainerJob): number {
  const steps = passesOfStep * stepsPerCall[job.plan.device];
  switch (job.command) {
    case 'generate':
      return job.batchSize * (job.maxPromptTokens + job.maxNewTokens);
    case 'logprobs':
      return job.batchSize * job.maxLength;
    case 'pretrain':
      return steps * job.batchSize * job.contextLength;
    case 'sft':
      return steps * job.training.batchSize * job.training.maxLength;
    case 'preference':
      return 2 * steps * job.training.batchSize * job.training.maxLength;
    case 'merge':
    case 'info':
      return 0;
  }
}

function modelOf(job: TrainerJob): string | null {
  if (job.command === 'pretrain') return job.architecture;
  return job.command === 'preference' ? job.reference : job.model;
}

/** Tokens that one call makes or trains on at most, as the rate of `progress` counts them. */
function ratedTokens(job: TrainerJob): number {
  if (job.command === 'generate') return job.batchSize * job.maxNewTokens;
  return job.command === 'logprobs' ? tokenPasses(job) : tokenPasses(job) / passesOfStep;
}

/** A call may take this many times what the measured rate says. */
const patience = 10;

/**
 * Limits of a job's trainer. Until a rate is measured, a call may take two operations per weight and token at the rate of
 * a device that counts as hung; then ten times what it takes at the measured rate.
 *
 * @param stallMs the limit that the definition or the worker sets; undefined: five minutes, or the longest call of an
 *   executable without heartbeats
 */
export async function workLimitsOf(
  job: TrainerJob,
  stallMs?: number,
): Promise<Omit<WorkLimits, 'openingMs'>> {
  const model = modelOf(job);
  const { parameters = 0 } = model === null ? {} : await readModelSize(model);
  const slowestMs =
    baseMs + (1000 * 2 * parameters * tokenPasses(job)) / minOperationsPerSecond[job.plan.device];
  const tokens = ratedTokens(job);
  return {
    // The work of a GPU is no CPU time.
    stallMs: stallMs ?? (job.plan.device === 'cuda' ? slowestMs : baseMs),
    silenceMs: stallMs ?? slowestMs,
    callMs: (rate = 0) =>
      Math.max(stallMs ?? 0, rate > 0 ? baseMs + (1000 * patience * tokens) / rate : slowestMs),
  };
}

/** Reads BUDGETLINE_STALL_SECONDS; undefined if it is not set. @throws USAGE */
export function readStallMs(environment: NodeJS.ProcessEnv): number | undefined {
  const text = environment['BUDGETLINE_STALL_SECONDS'] ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw new BudgetlineError(
    'USAGE',
    `BUDGETLINE_STALL_SECONDS is "${text}", which is not a number above 0.`,
    {
      remedy: 'Set BUDGETLINE_STALL_SECONDS to a number of seconds, or unset it.',
    },
  );
}
