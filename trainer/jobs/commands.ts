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

/** The command of a job: each stands at its own job's name, which the table's type ensures. */
export const commandOf = (job: TrainerJob): Command<TrainerJob> => commands[job.command];

/** Where a job computes: what its hello says, and with it the lineage of what it makes. */
export const deviceOf = (job: TrainerJob): NumericPlan['device'] =>
  commandOf(job).onHost === true ? 'cpu' : job.plan.device;
