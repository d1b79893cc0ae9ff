import type { JobOf } from '../../schemas/trainer-job';
import { readModelFiles, saveModelFolder } from '../io/model-folder';
import type { Command } from './context';
import { describeModel, loadMergedModel } from './models';

/** Merges an adapter into its base, summing in f64; without one copies it. Writes a model folder with one f32 weight file. */
export const merge: Command<JobOf<'merge'>> = {
  hostOnly: true,
  describeInputs: describeModel,
  prepare: ({ job, family: own }) =>
    Promise.resolve({
      resumedFromStep: 0,
      async run(output) {
        const { settings, weights } = await loadMergedModel(job, own);
        const { family } = settings.config;
        saveModelFolder(output, { source: await readModelFiles(job.model, family), weights, family });
        return { tensors: weights.size };
      },
    }),
};
