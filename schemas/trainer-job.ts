import { z } from 'zod';
import { trainingSpec } from './training';
import { jobLoss } from './losses';
import { sha256 } from './scalars';

/** Version of the protocol between a supervisor and the training executable. */
export const trainerProtocol = 1;

/** Settings outside of the job's semantics that may change the bytes of a result. */
export const numericPlan = z.strictObject({
  device: z.enum(['cpu', 'cuda']),
  threads: z.int().positive(),
  /** Rows of one forward and backward pass; null: the executable chooses and reports it in its result. */
  microBatchSize: z.int().positive().nullable(),
});
export type NumericPlan = z.infer<typeof numericPlan>;

const path = z.string().min(1);

/** A user's model family, made by `defineFamily`. */
export const jobFamily = z.strictObject({
  /** Absolute path of the file. */
  module: path,
  export: z.string().min(1),
  /** SHA-256 of its code, which identifies the job in place of the path. */
  digest: sha256,
});
export type JobFamily = z.infer<typeof jobFamily>;

const base = {
  protocol: z.literal(trainerProtocol),
  /** Names the job in events and logs. Jobs of a stage: the stage key. */
  id: z.string().min(1),
  /** Scratch folder with the checkpoints, from which a later start of the same job continues. */
  workDir: path,
  /** Created by one rename when it is complete. */
  outputDir: path,
  /** Below 2^48. */
  seed: z.int().nonnegative(),
  plan: numericPlan,
  /** A family that the model may be of, in addition to those of the executable. Default: none. */
  family: jobFamily.optional(),
};

const checkpointing = {
  checkpointEverySteps: z.int().positive(),
  /** Number of newest checkpoints to keep. */
  keepCheckpoints: z.int().min(1).default(2),
};

/** JSONL of { id, prompt, completion } that nothing trains on. Their loss is reported before the first step and after each epoch. */
const heldOut = path.optional();

/** Greedy, or sampling by counter-based random numbers on (seed, row, sample, position). */
export const decoding = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('greedy') }),
  z.strictObject({
    mode: z.literal('sample'),
    temperature: z.number().positive(),
    /** Sample from this many likeliest tokens. */
    topK: z.int().positive().optional(),
    /** Of those, sample from the fewest whose share of their probability reaches this (nucleus sampling). */
    topP: z.number().gt(0).max(1).optional(),
  }),
]);
export type Decoding = z.infer<typeof decoding>;

export const pretrainJob = z.strictObject({
  ...base,
  ...checkpointing,
  command: z.literal('pretrain'),
  /** A folder with config.json and tokenizer.json; weights are initialised from the seed. */
  architecture: path,
  /** JSONL of { text }: documents, joined with the end-of-sequence token and split into blocks. */
  corpus: path,
  contextLength: z.int().positive(),
  batchSize: z.int().positive(),
  steps: z.int().positive(),
  learningRate: z.number().positive(),
  warmupSteps: z.int().nonnegative(),
  /** Fraction of the steps after which the rate decays linearly. */
  decayFrom: z.number().min(0).max(1),
  minLearningRateRatio: z.number().min(0).max(1),
  weightDecay: z.number().nonnegative(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number().positive(),
  maxGradNorm: z.number().positive().nullable(),
});

export const sftJob = z.strictObject({
  ...base,
  ...checkpointing,
  command: z.literal('sft'),
  /** Model folder in Hugging Face layout. */
  model: path,
  /** JSONL; each row has `prompt` and the text in `column`. */
  data: path,
  column: z.enum(['completion', 'chosen']),
  heldOut,
  training: trainingSpec,
});

export const preferenceJob = z.strictObject({
  ...base,
  ...checkpointing,
  command: z.literal('preference'),
  /** Model folder of the frozen reference, from which the policy starts. */
  reference: path,
  /** Expected SHA-256 of the reference's model.safetensors. */
  referenceSha256: z.string(),
  /** JSONL of { id, prompt, chosen, rejected }; for a loss of unpaired answers also of { id, prompt, completion, label }. */
  data: path,
  loss: jobLoss,
  heldOut,
  training: trainingSpec,
});

export const mergeJob = z.strictObject({
  ...base,
  command: z.literal('merge'),
  model: path,
  /** PEFT folder; null copies the model. */
  adapter: path.nullable(),
});

export const logprobsJob = z.strictObject({
  ...base,
  command: z.literal('logprobs'),
  model: path,
  adapter: path.nullable(),
  /** JSONL of { id, prompt, completion }. */
  data: path,
  batchSize: z.int().positive(),
  maxLength: z.int().positive(),
});

export const generateJob = z.strictObject({
  ...base,
  command: z.literal('generate'),
  model: path,
  adapter: path.nullable(),
  /** JSONL of { id, prompt }. */
  prompts: path,
  samples: z.int().positive(),
  decoding,
  maxNewTokens: z.int().positive(),
  /** Rows decoded at once: a fixed shape, so that no output depends on the host. */
  batchSize: z.int().positive(),
  maxPromptTokens: z.int().positive(),
  /** For longer prompts: "truncate" cuts on the left and counts them in the result as `truncatedPrompts`. */
  onOverlength: z.enum(['error', 'truncate']).default('error'),
});

export const infoJob = z.strictObject({ ...base, command: z.literal('info'), model: path.nullable() });

/** The job file of `budgetline-trainer COMMAND JOB.json`. */
export const trainerJob = z.discriminatedUnion('command', [
  pretrainJob,
  sftJob,
  preferenceJob,
  mergeJob,
  logprobsJob,
  generateJob,
  infoJob,
]);
export type TrainerJob = z.infer<typeof trainerJob>;
export type TrainerCommand = TrainerJob['command'];
/** Every command. */
export const trainerCommands: readonly TrainerCommand[] = trainerJob.options.map(
  (job) => job.shape.command.value,
);
export type JobOf<C extends TrainerCommand> = Extract<TrainerJob, { command: C }>;
