import type { JobOf, NumericPlan, TrainerCommand, TrainerJob } from '../../schemas/trainer-job';
import type { Command } from './context';
import { generate } from './generate';
import { info } from './info';
import { logprobs } from './logprobs';
import { merge } from './merge';
import { preference } from './preference';
import { pretrain } from './pretrain';
import { sft } from './sft';

const commands: { readonly [C in TrainerCommand]: Command<JobOf<C>> } = {
  pretrain,
  sft,
  preference,
  merge,
  logprobs,
  generate,
  info,
};

export const commandOf = (job: TrainerJob): Command<TrainerJob> => commands[job.command];

/** The device that a job computes on, as its hello event and the lineage of its output name it. */
export const deviceOf = (job: TrainerJob): NumericPlan['device'] =>
  commandOf(job).hostOnly === true ? 'cpu' : job.plan.device;
