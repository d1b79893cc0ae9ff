import { trainerJob, type TrainerCommand } from '../../contracts/trainer-job';

/** Every command that a job can name. */
export const commandNames: readonly TrainerCommand[] = trainerJob.options.map(
  (job) => job.shape.command.value,
);
