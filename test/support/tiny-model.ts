import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { JobOf } from '../../schemas/trainer-job';

export const trainerExecutable = resolve(__dirname, '../../dist/bin/budgetline-trainer.js');
const embedded = resolve(__dirname, '../../models/tiny-math');

const small = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 256,
};

/** The embedded model's layout and tokenizer at a hundredth of its size. */
async function makeArchitecture(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const config = JSON.parse(await readFile(join(embedded, 'config.json'), 'utf8')) as object;
  await writeFile(join(dir, 'config.json'), JSON.stringify({ ...config, ...small }));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(embedded, name), join(dir, name));
}

/** A base model of about 20,000 parameters, trained for two steps only. */
export async function makeTinyModel(dir: string): Promise<string> {
  const text = 'Q: Gus has 17 eggs. Then eats 11 of them. How many?\nA: 17-11=6 #### 6';
  await makeArchitecture(join(dir, 'architecture'));
  await writeFile(join(dir, 'corpus.jsonl'), `${JSON.stringify({ text })}\n`.repeat(40));
  const job: JobOf<'pretrain'> = {
    protocol: 1,
    id: 'base',
    command: 'pretrain',
    seed: 1,
    batchSize: 4,
    contextLength: 64,
    steps: 2,
    workDir: join(dir, 'work'),
    outputDir: join(dir, 'base'),
    architecture: join(dir, 'architecture'),
    corpus: join(dir, 'corpus.jsonl'),
    plan: { device: 'cpu', threads: 1, microBatchSize: null },
    checkpointEverySteps: 10,
    keepCheckpoints: 1,
    learningRate: 0.01,
    warmupSteps: 1,
    decayFrom: 1,
    minLearningRateRatio: 1,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    maxGradNorm: 1,
  };
  await writeFile(join(dir, 'job.json'), JSON.stringify(job));
  await promisify(execFile)(process.execPath, [trainerExecutable, 'pretrain', join(dir, 'job.json')]);
  return join(dir, 'base');
}
