import type { Execution } from '../../schemas/definition';
import { BudgetlineError } from '../../contracts/failures';
import type { TrainerJob } from '../../schemas/trainer-job';
import { readModelSize } from '../../store';

/** What a trainer may be silent for whatever its job: to write a checkpoint or a model, say. */
const baseMs = 5 * 60_000;

/** Operations a second below which a device counts as hung: set low, since ending one that works loses its call. */
const slowest: Readonly<Record<Execution['device'], number>> = { cpu: 2e9, cuda: 2e11 };

/** Steps of a call: the trainer keeps state on a GPU for eight of them. */
const stepsPerCall: Readonly<Record<Execution['device'], number>> = { cpu: 1, cuda: 8 };

/** Forward, backward, which is two of them, and one again where layers are computed anew. */
const passesOfStep = 4;

/** How often a call of a job's model, between two events, takes a token through the model at most. */
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

/** How long a trainer may be silent over a job: a weight takes a multiplication and an addition a token. */
export async function stallMsOf(job: TrainerJob): Promise<number> {
  const model = modelOf(job);
  const { parameters = 0 } = model === null ? {} : await readModelSize(model);
  return baseMs + (1000 * 2 * parameters * tokenPasses(job)) / slowest[job.plan.device];
}

/** BUDGETLINE_STALL_SECONDS of a worker; undefined where it is not set. @throws USAGE */
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
