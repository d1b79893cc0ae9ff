import type { JobOf } from '../../schemas/trainer-job';
import { planBatches, stepsOf } from '../data/batches';
import type { Dataset } from '../data/datasets';
import { learningRateAt, warmupStepsOf } from '../data/schedule';
import { createTrainEngine, initLora, longestOf, promptTokens } from '../engine';
import type { Objective, TrainEngine, TrainRow } from '../engine/types';
import { digestModelFolder, readModelFiles, saveModelFolder, type ModelFolder } from '../io/model-folder';
import { saveAdapter } from '../io/adapter';
import { hashFile, sha256 } from '../io/files';
import type { JobContext, JobFigures } from './context';
import { chooseMicroBatch } from './micro-batch';
import { freshState, type TrainingRun } from './training';

export type FineTuningJob = JobOf<'sft'> | JobOf<'preference'>;

/** The folder that training starts from. */
export const startFolder = (job: FineTuningJob): string =>
  job.command === 'sft' ? job.model : job.reference;

export async function describeFineTuningInputs(job: FineTuningJob): Promise<Record<string, unknown>> {
  const model = await digestModelFolder(startFolder(job));
  return { [job.command === 'sft' ? 'model' : 'reference']: model, data: await hashFile(job.data) };
}

/** Says how many rows the length policy touched, and what happened to them. */
export function reportOverlength(
  { job, warn }: JobContext<FineTuningJob>,
  { onOverlength }: Dataset<unknown>,
): void {
  if (onOverlength === 0) return;
  const done = job.training.onOverlength === 'drop' ? 'left out' : 'truncate';
  warn(
    'OVER_LENGTH',
    `${onOverlength} rows of ${job.data} are longer than ${job.training.maxLength} tokens and were ${done}.`,
  );
}

export function reportContext({ job, warn }: JobContext<FineTuningJob>, { settings }: ModelFolder): void {
  const { maxPositions } = settings;
  if (maxPositions !== null && job.training.maxLength > maxPositions)
    warn(
      'BEYOND_CONTEXT',
      `training.maxLength is ${job.training.maxLength}; the model was made for ${maxPositions} positions.`,
    );
}

interface RowSizes {
  readonly maxLength: number;
  readonly microBatchSize: number;
  readonly prompts: boolean;
}

/** Batches and learning rates of a fine-tuning job, how many positions its rows take, and how many are run at once, with prompts or none. */
export function planFineTuning<Row extends TrainRow>(job: FineTuningJob, rows: readonly Row[]) {
  const { training, seed } = job;
  const steps = stepsOf(rows.length, training);
  const plan = planBatches({ rows: rows.length, batchSize: training.batchSize, seed });
  const batchAt = (step: number): Row[] => Array.from(plan.at(step), (index) => rows[index]!);
  const schedule = {
    peak: training.learningRate,
    steps,
    warmupSteps: warmupStepsOf(training.warmupRatio, steps),
    finalRatio: training.minLearningRateRatio,
    shape: training.lrSchedule,
  };
  return {
    steps,
    stepsPerEpoch: Math.ceil(rows.length / training.batchSize),
    batchAt,
    learningRateAt: (step: number) => learningRateAt(step, schedule),
    maxLength: longestOf(rows),
    microBatchSize: chooseMicroBatch(job, rows),
    prompts: rows.some((row) => promptTokens(row) > 0),
  } satisfies Omit<TrainingRun, 'engine' | 'from'> & RowSizes;
}

/** Of a result's figures those that are known before the first step. */
export const countRows = (
  { rows, onOverlength }: Dataset<unknown>,
  { microBatchSize }: RowSizes,
): JobFigures => ({ rows: rows.length, overlengthRows: onOverlength, microBatchSize });

export interface OpenOptions extends RowSizes {
  readonly model: ModelFolder;
  readonly objective: Objective;
}

/** Opens an engine for a job; its state is the one before the first step. */
export async function openFineTuning(
  { job, profile }: JobContext<FineTuningJob>,
  options: OpenOptions,
): Promise<TrainEngine> {
  const { training, plan, seed } = job;
  const { model, objective, maxLength, microBatchSize, prompts } = options;
  const config = model.settings.config;
  const engine = await createTrainEngine({
    config,
    weights: model.weights,
    lora: training.lora,
    objective,
    optimizer: training,
    threads: plan.threads,
    profile,
    seed,
    microBatchSize,
    maxLength,
    prompts,
  });
  engine.importState(
    freshState(training.lora === null ? model.weights : initLora(config, training.lora, seed)),
  );
  return engine;
}

/** Writes what was trained: a PEFT adapter, or all weights as a model folder. */
export async function saveTrained(job: FineTuningJob, engine: TrainEngine, output: string): Promise<void> {
  const { parameters } = engine.exportState();
  const source = startFolder(job);
  if (job.training.lora === null) {
    saveModelFolder(output, { source: await readModelFiles(source), weights: parameters });
    return;
  }
  const baseSha256 = await digestWeights(source);
  saveAdapter(output, { lora: job.training.lora, tensors: parameters, baseSha256 });
}

/** Names a model's weights by content: the file's SHA-256, or one over those of its shards. */
async function digestWeights(folder: string): Promise<string> {
  const digests = Object.entries(await digestModelFolder(folder)).filter(([name]) =>
    /\.(?:safetensors|gguf)$/.test(name),
  );
  return digests.length === 1 ? digests[0]![1] : sha256(digests.map(([, digest]) => digest).join('\n'));
}
