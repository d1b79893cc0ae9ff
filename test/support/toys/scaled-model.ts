import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { embeddedModelPath } from '../../../host/package-files';
import type { JobFamily, JobOf } from '../../../schemas/trainer-job';
import { jobBase } from '../../../conformance/kit';
import { runJob, writeRows } from '../trainer/trainer-process';

export const toyFamilyPath = resolve(__dirname, 'scaled-llama.ts');

const small = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  head_dim: 8,
  max_position_embeddings: 256,
};

/** The embedded architecture at a hundredth of its size, as a model of the toy family. */
function writeArchitecture(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(embeddedModelPath, 'config.json'), 'utf8')) as object;
  const own = { ...config, ...small, model_type: 'scaled_llama' };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(own));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(embeddedModelPath, name), join(folder, name));
  return folder;
}

/** A model of the toy family, trained for four steps. */
export async function makeToyModel(folder: string, family: JobFamily): Promise<string> {
  const corpus = writeRows(
    join(folder, 'corpus.jsonl'),
    Array.from({ length: 40 }, (_, at) => ({ text: `Q: Gus has ${at} eggs. How many?\nA: ${at}` })),
  );
  const job: JobOf<'pretrain'> = {
    ...jobBase(folder, 'base'),
    ...{ command: 'pretrain', architecture: writeArchitecture(join(folder, 'architecture')), corpus, family },
    ...{ contextLength: 32, batchSize: 4, steps: 4, learningRate: 1e-2, warmupSteps: 1, decayFrom: 0.5 },
    ...{ minLearningRateRatio: 0.1, weightDecay: 0.05, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
    ...{ maxGradNorm: 1, checkpointEverySteps: 2, keepCheckpoints: 2 },
  };
  const { status, stderr } = await runJob(job);
  assert.equal(status, 0, stderr);
  return job.outputDir;
}
