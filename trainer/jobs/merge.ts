import type { JobOf } from '../../contracts/trainer-job';
import { saveModelFolder } from '../io/model-folder';
import type { Command } from './context';
import { describeModel, loadMergedModel } from './models';

/** Merges an adapter into its base, or copies the base: a model folder of one f32 weight file. */
export const merge: Command<JobOf<'merge'>> = {
  describeInputs: describeModel,
  prepare: ({ job }) =>
    Promise.resolve({
      resumedFromStep: 0,
      run(output) {
        const { weights } = loadMergedModel(job);
        saveModelFolder(output, { source: job.model, weights });
        return Promise.resolve({ tensors: weights.size });
      },
    }),
};
