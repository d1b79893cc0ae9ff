import { z } from 'zod';
import { trainingSpec } from './training';
import { preferenceLoss } from './losses';

/** Version of the protocol between a supervisor and the training executable. */
export const trainerProtocol = 1;

/** Everything that the bytes of a result may depend on besides the job's meaning. */
export const numericPlan = z.strictObject({
  device: z.enum(['cpu', 'cuda']),
  threads: z.int().positive(),
  /** Rows of one forward and backward pass; null: the executable chooses, and says so in its result. */
  microBatchSize: z.int().positive().nullable(),
});
export type NumericPlan = z.infer<typeof numericPlan>;

const path = z.string().min(1);

const base = {
  protocol: z.literal(trainerProtocol),
  /** Names the work in events, checkpoints and logs; the stage key where a stage asks. */
  id: z.string().min(1),
  /** Scratch of this job: checkpoints live here and a later start of the same job goes on from them. */
  workDir: path,
  /** Made in one rename when everything in it is complete; never half there. */
  outputDir: path,
  /** Below 2^48. */
  seed: z.int().nonnegative(),
  plan: numericPlan,
};

const checkpointing = {
  checkpointEverySteps: z.int().positive(),
  /** Newest checkpoints kept; older ones go. */
  keepCheckpoints: z.int().min(1).default(2),
};

/** Greedy, or sampling by counter-based random numbers on (seed, row, sample, position). */
export const decoding = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('greedy') }),
  z.strictObject({
    mode: z.literal('sample'),
    temperature: z.number().positive(),
    /** Only the likeliest tokens: at most this many … */
    topK: z.int().positive().optional(),
    /** … and of those as many as it takes to have this share of their probability. */
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
  /** JSONL of { text }: documents, joined by the end-of-sequence token and cut into blocks. */
  corpus: path,
  contextLength: z.int().positive(),
  batchSize: z.int().positive(),
  steps: z.int().positive(),
  learningRate: z.number().positive(),
  warmupSteps: z.int().nonnegative(),
  /** Share of the steps after which the rate falls linearly. */
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
  /** JSONL; each row has a prompt and the text in `column`. */
  data: path,
  column: z.enum(['completion', 'chosen']),
  training: trainingSpec,
});

export const preferenceJob = z.strictObject({
  ...base,
  ...checkpointing,
  command: z.literal('preference'),
  /** The frozen reference; the policy starts as it. */
  reference: path,
  /** SHA-256 that the reference's model.safetensors must have. */
  referenceSha256: z.string(),
  /** JSONL of { id, prompt, chosen, rejected }; for the loss "kto" also of { id, prompt, completion, label }. */
  data: path,
  loss: preferenceLoss,
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
  /** Rows decoded side by side: a fixed shape, so that an output never depends on the host. */
  batchSize: z.int().positive(),
  /** Longer prompts are refused or, by "truncate", cut from the left; counted. */
  maxPromptTokens: z.int().positive(),
  onOverlength: z.enum(['error', 'truncate']).default('error'),
});

export const infoJob = z.strictObject({ ...base, command: z.literal('info'), model: path.nullable() });

/** The job file: what `budgetline-trainer COMMAND JOB.json` is told to do. */
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
/** Every command that a job can name. */
export const trainerCommands: readonly TrainerCommand[] = trainerJob.options.map(
  (job) => job.shape.command.value,
);
export type JobOf<C extends TrainerCommand> = Extract<TrainerJob, { command: C }>;
