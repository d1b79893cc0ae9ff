import type { JobOf } from '../../schemas/trainer-job';
import { planBatches, stepsOf } from '../data/batches';
import type { Dataset } from '../data/datasets';
import { learningRateAt, warmupStepsOf } from '../data/schedule';
import { createTrainEngine, initLora, maxSequenceLength, promptTokens } from '../engine';
import type { Objective, TrainRow } from '../rows';
import type { TrainEngine } from '../engine/types';
import { digestModelFolder, readModelFiles, saveModelFolder, type ModelFolder } from '../io/model-folder';
import { saveAdapter } from '../io/adapter';
import { hashFile, sha256 } from '../io/files';
import type { JobContext, JobMetrics } from './context';
import type { HeldOut } from './held-out';
import { chooseMicroBatch } from './micro-batch';
import { freshState, type TrainingRun } from './training';

export type FineTuningJob = JobOf<'sft'> | JobOf<'preference'>;

/** The folder that training starts from. */
const startFolder = (job: FineTuningJob): string => (job.command === 'sft' ? job.model : job.reference);

export async function describeFineTuningInputs(job: FineTuningJob): Promise<Record<string, unknown>> {
  const model = await digestModelFolder(startFolder(job));
  const heldOut = job.heldOut === undefined ? undefined : await hashFile(job.heldOut);
  return { [job.command === 'sft' ? 'model' : 'reference']: model, data: await hashFile(job.data), heldOut };
}

/** Warns of the rows that `training.onOverlength` dropped or truncated. */
export function reportOverlength(
  { job, warn }: JobContext<FineTuningJob>,
  { overlengthRows }: Dataset<unknown>,
): void {
  if (overlengthRows === 0) return;
  const done = job.training.onOverlength === 'drop' ? 'dropped' : 'truncated';
  warn(
    'OVERLENGTH',
    `${overlengthRows} rows of ${job.data} are longer than ${job.training.maxLength} tokens and were ${done}.`,
  );
}

export function reportContext({ job, warn }: JobContext<FineTuningJob>, { settings }: ModelFolder): void {
  const { maxPositions } = settings;
  if (maxPositions !== null && job.training.maxLength > maxPositions)
    warn(
      'BEYOND_CONTEXT',
      `training.maxLength is ${job.training.maxLength}; the model's context has ${maxPositions} positions.`,
    );
}

interface RowSizes {
  readonly maxLength: number;
  readonly microBatchSize: number;
  /** Whether any row has a prompt. */
  readonly prompts: boolean;
}

/** Batches, learning rates and row sizes of a fine-tuning job. */
export function planFineTuning<Row extends TrainRow>(
  job: FineTuningJob,
  { rows, heldOut }: { rows: readonly Row[]; heldOut: HeldOut | undefined },
) {
  const { training, seed } = job;
  const steps = stepsOf(rows.length, training);
  const plan = planBatches({ rows: rows.length, batchSize: training.batchSize, seed });
  const batchAt = (step: number): Row[] => Array.from(plan.at(step), (index) => rows[index]!);
  const schedule = {
    peak: training.learningRate,
    steps,
    warmupSteps: warmupStepsOf(training.warmupRatio, steps),
    minRatio: training.minLearningRateRatio,
    shape: training.lrSchedule,
  };
  return {
    steps,
    stepsPerEpoch: Math.ceil(rows.length / training.batchSize),
    batchAt,
    learningRateAt: (step: number) => learningRateAt(step, schedule),
    heldOut,
    maxLength: maxSequenceLength([...rows, ...(heldOut?.rows ?? [])]),
    microBatchSize: chooseMicroBatch(job, rows),
    prompts: rows.some((row) => promptTokens(row) > 0),
  } satisfies Omit<TrainingRun, 'engine' | 'from'> & RowSizes;
}

/** Metrics of the result that are known before the first step. */
export const countRows = (
  { rows, overlengthRows }: Dataset<unknown>,
  { microBatchSize }: RowSizes,
): JobMetrics => ({ rows: rows.length, overlengthRows, microBatchSize });

export interface OpenOptions extends RowSizes {
  readonly model: ModelFolder;
  readonly objective: Objective;
}

/** Opens an engine in the state before the first step. */
export function openFineTuning(
  { job, profile }: JobContext<FineTuningJob>,
  options: OpenOptions,
): TrainEngine {
  const { training, plan, seed } = job;
  const { model, objective, maxLength, microBatchSize, prompts } = options;
  const config = model.settings.config;
  const engine = createTrainEngine({
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

/** Writes the trained weights: a PEFT adapter, or a model folder where no LoRA was used. */
export async function saveTrained(
  { job }: JobContext<FineTuningJob>,
  engine: TrainEngine,
  { model, output }: { model: ModelFolder; output: string },
): Promise<void> {
  const { parameters } = engine.exportState();
  const source = startFolder(job);
  const { family } = model.settings.config;
  if (job.training.lora === null) {
    saveModelFolder(output, { source: await readModelFiles(source, family), weights: parameters, family });
    return;
  }
  const baseSha256 = await digestWeights(source);
  saveAdapter(output, { lora: job.training.lora, tensors: parameters, baseSha256 });
}

/** SHA-256 of a model's weight file; of several files, SHA-256 over their digests. */
async function digestWeights(folder: string): Promise<string> {
  const digests = Object.entries(await digestModelFolder(folder)).filter(([name]) =>
    /\.(?:safetensors|gguf)$/.test(name),
  );
  return digests.length === 1 ? digests[0]![1] : sha256(digests.map(([, digest]) => digest).join('\n'));
}
