import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toJsonLines } from '../schemas/json-lines';
import { trainerProtocol, type JobOf, type TrainerJob } from '../schemas/trainer-job';
import { runExecutable, type Executable, type Run, type RunOptions } from './run';

/** Folders, data, jobs and the executable, shared by all checks. */
export interface Kit {
  readonly folder: string;
  start(job: TrainerJob, options?: RunOptions): Promise<Run>;
  /** Starts the executable with any arguments. */
  call(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Writes a job file and returns its path. */
  writeJob(job: object, name: string): string;
  writeRows(name: string, rows: readonly object[]): string;
  sft(name: string): JobOf<'sft'>;
  preference(name: string): JobOf<'preference'>;
  generate(name: string): JobOf<'generate'>;
  logprobs(name: string): JobOf<'logprobs'>;
  merge(name: string): JobOf<'merge'>;
  /** The SFT job, run once without disturbance, for all checks. */
  undisturbed(): Promise<{ job: JobOf<'sft'>; run: Run }>;
}

export const rowCount = 8;

const numbers = Array.from({ length: rowCount }, (_, index) => index + 2);
const promptOf = (n: number): string => `Q: ${n} + ${n + 1}?\nA:`;

const demonstrations = numbers.map((n) => ({
  id: `row-${n}`,
  prompt: promptOf(n),
  completion: ` ${2 * n + 1}`,
}));
const pairs = numbers.map((n) => ({
  id: `row-${n}`,
  prompt: promptOf(n),
  chosen: ` ${2 * n + 1}`,
  rejected: ` ${2 * n} or more`,
}));
const prompts = numbers.map((n) => ({ id: `row-${n}`, prompt: promptOf(n) }));

/** Twelve short steps, with a checkpoint every three. */
export const training: JobOf<'sft'>['training'] = {
  epochs: 3,
  batchSize: 2,
  learningRate: 2e-3,
  lrSchedule: 'cosine',
  warmupRatio: 0.1,
  minLearningRateRatio: 0.1,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradNorm: 1,
  lora: { rank: 4, alpha: 8, targetModules: ['q_proj', 'v_proj', 'down_proj'] },
  maxLength: 64,
  onOverlength: 'error',
};
export const stepCount = (rowCount / training.batchSize) * training.epochs;

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The fields of every job, with its own folders. */
export const jobBase = (folder: string, name: string) =>
  ({
    protocol: trainerProtocol,
    id: name,
    workDir: join(folder, name, 'work'),
    outputDir: join(folder, name, 'out'),
    seed: 7,
    plan: { device: 'cpu', threads: 1, microBatchSize: null },
  }) as const;

function createJobs(
  folder: string,
  model: string,
  data: Record<'demonstrations' | 'pairs' | 'prompts', string>,
) {
  const base = (name: string) => jobBase(folder, name);
  const checkpointing = { checkpointEverySteps: 3, keepCheckpoints: 2 };
  const sft = (name: string): JobOf<'sft'> => ({
    ...base(name),
    ...checkpointing,
    command: 'sft',
    model,
    data: data.demonstrations,
    column: 'completion',
    training,
  });
  const preference = (name: string): JobOf<'preference'> => ({
    ...base(name),
    ...checkpointing,
    command: 'preference',
    reference: model,
    referenceSha256: sha256(join(model, 'model.safetensors')),
    data: data.pairs,
    loss: { name: 'sigmoid', beta: 0.1 },
    training,
  });
  const generate = (name: string): JobOf<'generate'> => ({
    ...base(name),
    command: 'generate',
    model,
    adapter: null,
    prompts: data.prompts,
    samples: 2,
    decoding: { mode: 'sample', temperature: 1 },
    maxNewTokens: 6,
    batchSize: 4,
    maxPromptTokens: 40,
    onOverlength: 'error',
  });
  const logprobs = (name: string): JobOf<'logprobs'> => ({
    ...base(name),
    command: 'logprobs',
    model,
    adapter: null,
    data: data.demonstrations,
    batchSize: 4,
    maxLength: 64,
  });
  const merge = (name: string): JobOf<'merge'> => ({ ...base(name), command: 'merge', model, adapter: null });
  return { sft, preference, generate, logprobs, merge };
}

/** Writes data files into an empty folder. `model` is a model folder with one weight file. */
export function createKit(executable: Executable, { folder, model }: { folder: string; model: string }): Kit {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const writeRows: Kit['writeRows'] = (name, rows) => write(name, toJsonLines(rows));
  const writeJob: Kit['writeJob'] = (job, name) => write(`${name}.job.json`, JSON.stringify(job));
  const call: Kit['call'] = (args, options) => runExecutable(executable, args, options);
  const start: Kit['start'] = (job, options) => call([job.command, writeJob(job, job.id)], options);
  const jobs = createJobs(folder, model, {
    demonstrations: writeRows('demonstrations.jsonl', demonstrations),
    pairs: writeRows('pairs.jsonl', pairs),
    prompts: writeRows('prompts.jsonl', prompts),
  });
  let whole: ReturnType<Kit['undisturbed']> | null = null;
  const undisturbed: Kit['undisturbed'] = () => {
    const job = jobs.sft('undisturbed');
    whole ??= start(job).then((run) => ({ job, run }));
    return whole;
  };
  return { folder, start, call, writeJob, writeRows, undisturbed, ...jobs };
}
