/**
 * Trains the embedded base model again: `npm run pretrain`. Reads models/tiny-math/recipe.json, writes the corpus, runs
 * the training executable's `pretrain`, and measures the result on validation problems. If it passes the recipe's gate,
 * writes model.safetensors and pretrained.json. After a stop it resumes from its last checkpoint.
 *
 *   --steps N     optimiser steps instead of the recipe's
 *   --seed N      seed of weights and batches instead of the recipe's
 *   --threads N   threads of the trainer (default 2): part of the numeric plan
 *   --recipe FILE another recipe
 *   --out FOLDER  folder of the result (default models/tiny-math)
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { GenerationRow } from '../schemas/rows';
import type { EventOf, TrainerEvent } from '../schemas/trainer-event';
import { trainerProtocol, type TrainerJob } from '../schemas/trainer-job';
import {
  gradeSchoolMath,
  generateSynthetic,
  latentAnswer,
  latentPrompt,
  pretrainingDocuments,
} from '../tasks';

const root = resolve(__dirname, '..');
const modelFolder = join(root, 'models', 'tiny-math');
const trainer = join(root, 'dist', 'bin', 'budgetline-trainer.js');

const share = z.number().min(0).max(1);
/** Fields of the recipe that the training job takes unchanged. */
const trainingFields = z.object({
  steps: z.int().positive(),
  batchSize: z.int().positive(),
  contextLength: z.int().positive(),
  learningRate: z.number().positive(),
  warmupSteps: z.int().nonnegative(),
  decayFrom: share,
  minLearningRateRatio: share,
  weightDecay: z.number().nonnegative(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number().positive(),
  maxGradNorm: z.number().positive().nullable(),
});
const recipeSchema = z.strictObject({
  corpus: z.strictObject({
    seed: z.int().nonnegative(),
    documents: z.int().positive(),
    mix: z.strictObject({
      shortAnswer: share,
      questionList: share,
      worked: share,
      drill: share,
      target: share,
    }),
  }),
  seed: z.int().nonnegative(),
  ...trainingFields.shape,
  evaluation: z.strictObject({
    seed: z.int().nonnegative(),
    items: z.int().positive(),
    maxNewTokens: z.int().positive(),
  }),
  /** Least accuracy on validation problems, in the pretrained format. */
  gate: z.strictObject({ latentAccuracy: share }),
});
type Recipe = z.infer<typeof recipeSchema>;

interface Options {
  readonly recipe: Recipe;
  readonly threads: number;
  readonly out: string;
  /** Scratch folder of this recipe. */
  readonly work: string;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string' },
      seed: { type: 'string' },
      threads: { type: 'string', default: '2' },
      recipe: { type: 'string', default: join(modelFolder, 'recipe.json') },
      out: { type: 'string', default: modelFolder },
    },
  });
  const written = recipeSchema.parse(JSON.parse(readFileSync(values.recipe, 'utf8')));
  const recipe = recipeSchema.parse({
    ...written,
    seed: Number(values.seed ?? written.seed),
    steps: Number(values.steps ?? written.steps),
  });
  const threads = z.int().positive().parse(Number(values.threads));
  const key = sha256(JSON.stringify([recipe, threads])).slice(0, 16);
  return { recipe, threads, out: resolve(values.out), work: join(root, '.budgetline', 'pretrain', key) };
}

function* renderLines(rows: Iterable<unknown>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
}

const writeLines = (path: string, rows: Iterable<unknown>): Promise<void> =>
  pipeline(Readable.from(renderLines(rows)), createWriteStream(path));

function* corpusRows({ corpus, contextLength }: Recipe): Generator<{ text: string }> {
  for (const text of pretrainingDocuments({ ...corpus, maxTokens: contextLength - 1 })) yield { text };
}

function show(event: TrainerEvent, seen: { printedMs: number }): void {
  if (event.event === 'warning') say(`warning ${event.code}: ${event.message}`);
  if (event.event === 'error') say(`${event.code}: ${event.message} ${event.remedy}`);
  if (event.event !== 'progress') return;
  const nowMs = performance.now();
  if (nowMs - seen.printedMs < 10_000 && event.step !== event.steps) return;
  seen.printedMs = nowMs;
  const loss = event.loss === undefined ? '' : `, loss ${event.loss.toFixed(4)}`;
  say(
    `${event.phase} ${event.step} / ${event.steps}${loss}, ${event.tokensPerSecond ?? 0} tokens/s, ${event.secondsLeft ?? 0} s left`,
  );
}

/** Runs one job of the training executable and returns its result event. */
async function runTrainer(job: TrainerJob): Promise<EventOf<'result'>> {
  mkdirSync(job.workDir, { recursive: true });
  const path = join(job.workDir, 'job.json');
  writeFileSync(path, JSON.stringify(job));
  const child = spawn(process.execPath, [trainer, job.command, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise<number | null>((done) => child.once('close', done));
  let result: EventOf<'result'> | undefined;
  const seen = { printedMs: -Infinity };
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as TrainerEvent;
    show(event, seen);
    if (event.event === 'result') result = event;
  }
  const status = await closed;
  if (result === undefined || status !== 0) process.exit(status ?? 1);
  return result;
}

function jobBase({ recipe, threads, work }: Options, name: string) {
  return {
    protocol: trainerProtocol,
    id: name,
    workDir: join(work, name),
    outputDir: join(work, `${name}-out`),
    seed: recipe.seed,
    plan: { device: 'cpu', threads, microBatchSize: null },
  } as const;
}

async function pretrain(options: Options, corpus: string): Promise<EventOf<'result'>> {
  const base = jobBase(options, 'pretrain');
  return runTrainer({
    ...base,
    ...trainingFields.parse(options.recipe),
    command: 'pretrain',
    architecture: modelFolder,
    corpus,
    checkpointEverySteps: 200,
    keepCheckpoints: 2,
  });
}

/** Greedy answers of a model to prompts, in their order. */
async function answer(options: Options, name: string, prompts: readonly { id: string; prompt: string }[]) {
  const base = jobBase(options, name);
  mkdirSync(base.workDir, { recursive: true });
  const path = join(base.workDir, 'prompts.jsonl');
  await writeLines(path, prompts);
  await runTrainer({
    ...base,
    command: 'generate',
    model: join(options.work, 'pretrain-out'),
    adapter: null,
    prompts: path,
    samples: 1,
    decoding: { mode: 'greedy' },
    maxNewTokens: options.recipe.evaluation.maxNewTokens,
    batchSize: 64,
    maxPromptTokens: options.recipe.contextLength,
    onOverlength: 'error',
  });
  const lines = readFileSync(join(base.outputDir, 'generations.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as GenerationRow);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Accuracy in the pretrained format, and in the asked format without any tuning. */
async function measure(options: Options): Promise<Record<string, number>> {
  const { seed, items } = options.recipe.evaluation;
  const problems = generateSynthetic({
    source: 'synthetic',
    seed,
    pool: 1,
    validation: items,
    test: 1,
  }).validation;
  const latent = await answer(
    options,
    'latent',
    problems.map((problem) => ({ id: problem.id, prompt: latentPrompt(problem) })),
  );
  const asked = await answer(
    options,
    'asked',
    problems.map(({ id, prompt }) => ({ id, prompt })),
  );
  const assessed = asked.map(({ completion, finish }, index) =>
    gradeSchoolMath.score(problems[index]!, completion, finish),
  );
  return {
    latentAccuracy: mean(
      latent.map(({ completion }, index) => Number(latentAnswer(completion) === problems[index]?.target)),
    ),
    baseAccuracy: mean(assessed.map(({ score }) => score)),
    baseWellFormedRate: mean(assessed.map(({ wellFormed }) => Number(wellFormed))),
    baseTruncatedRate: mean(assessed.map(({ truncated }) => Number(truncated))),
    validationItems: items,
  };
}

function publish(options: Options, record: object): void {
  const target = join(options.out, 'model.safetensors');
  mkdirSync(options.out, { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    if (!existsSync(join(options.out, name))) copyFileSync(join(modelFolder, name), join(options.out, name));
  copyFileSync(join(options.work, 'pretrain-out', 'model.safetensors'), target);
  writeFileSync(join(options.out, 'pretrained.json'), `${JSON.stringify(record, null, 2)}\n`);
  say(`wrote ${target}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  const { recipe, threads, work } = options;
  const startedMs = performance.now();
  mkdirSync(work, { recursive: true });
  const corpus = join(work, 'corpus.jsonl');
  await writeLines(corpus, corpusRows(recipe));
  const trained = await pretrain(options, corpus);
  const trainedSeconds = Math.round((performance.now() - startedMs) / 1000);
  for (const name of ['latent', 'asked', 'latent-out', 'asked-out'])
    rmSync(join(work, name), { recursive: true, force: true });
  const measured = await measure(options);
  const weights = readFileSync(join(work, 'pretrain-out', 'model.safetensors'));
  const record = {
    recipe,
    threads,
    sha256: { 'model.safetensors': sha256(weights), corpus: sha256(readFileSync(corpus)) },
    versions: {
      node: process.version,
      onnxruntime: versionOf('onnxruntime-node'),
      budgetline: versionOf('../package.json'),
    },
    training: trained.metrics,
    measured,
  };
  console.log(
    JSON.stringify(
      { ...measured, ...trained.metrics, seconds: trainedSeconds, sha256: record.sha256 },
      null,
      2,
    ),
  );
  if (measured['latentAccuracy']! < recipe.gate.latentAccuracy) {
    say(
      `Latent accuracy ${measured['latentAccuracy']} is below the gate, ${recipe.gate.latentAccuracy}: nothing was written.`,
    );
    process.exit(1);
  }
  publish(options, record);
}

function versionOf(name: string): string {
  const path = name.endsWith('.json')
    ? join(__dirname, name)
    : join(root, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

void main();
