import { join } from 'node:path';
import { trainerProtocol, type JobOf } from '../../schemas/trainer-job';
import type { ModelFamily } from '../families/define';
import { writeSynced } from '../io/files';
import { digestModelFolder, loadModel } from '../io/model-folder';
import { openTokenizer } from '../io/tokenizer';
import { runtimeVersion, trainerName, trainerVersion } from '../protocol/identity';
import { listDevices } from '../runtime';
import { trainerCommands } from '../../schemas/trainer-job';
import type { Command } from './context';

/** Name, versions, commands and devices of this executable. */
export const describeTrainer = () => ({
  trainer: trainerName,
  version: trainerVersion,
  protocol: trainerProtocol,
  runtime: runtimeVersion(),
  commands: trainerCommands,
  devices: listDevices(),
});

async function describeModelFolder(folder: string, own: ModelFamily | null) {
  const { settings, weights } = await loadModel(folder, own);
  const tokenizer = await openTokenizer(folder, settings);
  return {
    config: { ...settings.config, family: settings.config.family.name },
    parameters: [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    maxPositions: settings.maxPositions,
    endOfSequence: tokenizer.endOfSequence,
    beginOfSequence: tokenizer.beginOfSequence,
    files: await digestModelFolder(folder),
  };
}

/** Describes the executable; where the job has a model, also checks that it can be run. */
export const info: Command<JobOf<'info'>> = {
  hostOnly: true,
  describeInputs: async ({ model }) => ({ model: model === null ? null : await digestModelFolder(model) }),
  prepare: ({ job, family }) =>
    Promise.resolve({
      resumedFromStep: 0,
      async run(output) {
        const model = job.model === null ? null : await describeModelFolder(job.model, family);
        writeSynced(join(output, 'info.json'), [
          `${JSON.stringify({ ...describeTrainer(), model }, null, 2)}\n`,
        ]);
        return { parameters: model?.parameters ?? 0 };
      },
    }),
};
