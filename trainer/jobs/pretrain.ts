import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { architectureFiles } from '../../schemas/model-files';
import type { Checkpoint } from '../checkpoints/checkpoint';
import { planBatches } from '../data/batches';
import { readBlocks } from '../data/corpus';
import { learningRateAt } from '../data/schedule';
import { createTrainEngine, initWeights } from '../engine';
import type { ModelConfig } from '../families/define';
import type { SequenceRow } from '../rows';
import { hashFile } from '../io/files';
import { readModelConfig } from '../io/model-config';
import { saveModelFolder } from '../io/model-folder';
import { openTokenizer } from '../io/tokenizer';
import { type Command, type JobContext, type JobMetrics } from './context';
import { findResumePoint, freshState, train, writeMetrics } from './training';

type PretrainJob = JobOf<'pretrain'>;

function planPretraining(job: PretrainJob, blocks: readonly SequenceRow[]) {
  const { batchSize, steps, seed } = job;
  const plan = planBatches({ rows: blocks.length, batchSize, seed });
  const schedule = {
    peak: job.learningRate,
    steps,
    warmupSteps: job.warmupSteps,
    minRatio: job.minLearningRateRatio,
    shape: 'linear' as const,
    holdUntil: Math.floor(job.decayFrom * steps),
  };
  return {
    steps,
    stepsPerEpoch: Math.ceil(blocks.length / batchSize),
    batchAt: (step: number) => Array.from(plan.at(step), (index) => blocks[index]!),
    learningRateAt: (step: number) => learningRateAt(step, schedule),
  };
}

function openEngine({ job, profile }: JobContext<PretrainJob>, config: ModelConfig) {
  const weights = initWeights(config, job.seed);
  const engine = createTrainEngine({
    config,
    weights,
    lora: null,
    objective: { rows: 'sequences' },
    optimizer: job,
    threads: job.plan.threads,
    profile,
    microBatchSize: Math.min(job.plan.microBatchSize ?? job.batchSize, job.batchSize),
    maxLength: job.contextLength,
  });
  engine.importState(freshState(weights));
  return engine;
}

async function runPretrain(
  context: JobContext<PretrainJob>,
  from: Checkpoint | null,
  output: string,
): Promise<JobMetrics> {
  const { job } = context;
  const settings = readModelConfig(job.architecture, context.family);
  const { config } = settings;
  const tokenizer = await openTokenizer(job.architecture, settings);
  const blocks = await readBlocks(job.corpus, { tokenizer, contextLength: job.contextLength });
  const engine = openEngine(context, config);
  if (from !== null) engine.importState(from.state);
  const metrics = await train(context, { engine, from, ...planPretraining(job, blocks) });
  const { parameters: weights } = engine.exportState();
  saveModelFolder(output, { source: job.architecture, weights, family: config.family });
  writeMetrics(job, output);
  await engine.release();
  return { rows: blocks.length, ...metrics };
}

async function describeArchitecture(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of architectureFiles) digests[name] = await hashFile(join(folder, name));
  return digests;
}

/** Pretraining from random weights of the seed. Every token of a block but the first is supervised. */
export const pretrain: Command<PretrainJob> = {
  describeInputs: async ({ architecture, corpus }) => ({
    architecture: await describeArchitecture(architecture),
    corpus: await hashFile(corpus),
  }),
  async prepare(context) {
    const from = await findResumePoint(context);
    return { resumedFromStep: from?.step ?? 0, run: (output) => runPretrain(context, from, output) };
  },
};
