import type { JobOf } from '../../schemas/trainer-job';
import { readModelFiles, saveModelFolder } from '../io/model-folder';
import type { Command } from './context';
import { describeModel, loadMergedModel } from './models';

/** Merges an adapter into its base, or copies the base: a model folder of one f32 weight file. Sums are f64. */
export const merge: Command<JobOf<'merge'>> = {
  onHost: true,
  describeInputs: describeModel,
  prepare: ({ job }) =>
    Promise.resolve({
      resumedFromStep: 0,
      async run(output) {
        const { weights } = await loadMergedModel(job);
        saveModelFolder(output, { source: await readModelFiles(job.model), weights });
        return { tensors: weights.size };
      },
    }),
};
