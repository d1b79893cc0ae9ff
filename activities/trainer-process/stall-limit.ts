import type { Execution } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import type { TrainerJob } from '../../schemas/trainer-job';
import { readModelSize } from '../../store';

/** Silence that is allowed for any job, e.g. while a checkpoint or a model is written. */
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

/** The most tokens that go through the model between two events. */
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

/** Stall limit of a job: two operations per weight and token. */
export async function stallMsOf(job: TrainerJob): Promise<number> {
  const model = modelOf(job);
  const { parameters = 0 } = model === null ? {} : await readModelSize(model);
  return baseMs + (1000 * 2 * parameters * tokenPasses(job)) / minOperationsPerSecond[job.plan.device];
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
