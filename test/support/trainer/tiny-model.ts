import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { jobBase, training as shortTraining } from '../../../conformance/kit';
import type { TrainingSpec } from '../../../schemas/training';
import type { DemonstrationRow } from '../../../schemas/rows';
import type { JobOf } from '../../../schemas/trainer-job';
import { gradeSchoolMath, generateSynthetic } from '../../../tasks';
import { initWeights } from '../../../trainer/engine';
import { readModelConfig } from '../../../trainer/io/model-config';
import { saveModelFolder } from '../../../trainer/io/model-folder';
import { openTokenizer } from '../../../trainer/io/tokenizer';
import { readRows, writeRows } from './trainer-process';

export const architecture = resolve(__dirname, '..', '..', '..', 'models', 'tiny-math');

/** A model folder of the embedded architecture with random weights of a seed. */
export function makeModel(folder: string, seed = 1): string {
  mkdirSync(folder, { recursive: true });
  const { config } = readModelConfig(architecture);
  saveModelFolder(folder, {
    source: architecture,
    weights: initWeights(config, seed),
    family: config.family,
  });
  return folder;
}

export const copyModel = (from: string, to: string): string => {
  cpSync(from, to, { recursive: true });
  return to;
};

export const sha256OfFile = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

const problems = (count: number) =>
  generateSynthetic({ source: 'synthetic', seed: 0, pool: count, validation: 1, test: 1 }).pool;

export function makeDemonstrations(path: string, count: number): string {
  const rows = problems(count).map((problem) => ({
    id: problem.id,
    prompt: problem.prompt,
    completion: gradeSchoolMath.gold(problem),
  }));
  return writeRows(path, rows);
}

export function makePairs(path: string, count: number): string {
  const rows = problems(count).map((problem) => ({
    id: problem.id,
    prompt: problem.prompt,
    chosen: gradeSchoolMath.gold(problem),
    rejected: ' 1+1=3 #### 3',
  }));
  return writeRows(path, rows);
}

export function makePrompts(path: string, count: number): string {
  return writeRows(
    path,
    problems(count).map(({ id, prompt }) => ({ id, prompt })),
  );
}

export const training: TrainingSpec = {
  ...shortTraining,
  epochs: 2,
  batchSize: 4,
  learningRate: 5e-3,
  lora: { rank: 4, alpha: 4, targetModules: ['q_proj', 'v_proj', 'down_proj'] },
  maxLength: 96,
};

export function sftJob(folder: string, name: string, files: { model: string; data: string }): JobOf<'sft'> {
  return {
    ...jobBase(folder, name),
    ...files,
    command: 'sft',
    column: 'completion',
    training,
    checkpointEverySteps: 3,
    keepCheckpoints: 2,
  };
}

export function preferenceJob(
  folder: string,
  name: string,
  files: { reference: string; data: string },
): JobOf<'preference'> {
  return {
    ...jobBase(folder, name),
    ...files,
    command: 'preference',
    referenceSha256: sha256OfFile(join(files.reference, 'model.safetensors')),
    loss: { name: 'sigmoid', beta: 0.5 },
    training: { ...training, learningRate: 3e-4 },
    checkpointEverySteps: 3,
    keepCheckpoints: 2,
  };
}

export function generateJob(
  folder: string,
  name: string,
  files: { model: string; prompts: string },
): JobOf<'generate'> {
  return {
    ...jobBase(folder, name),
    ...files,
    command: 'generate',
    adapter: null,
    samples: 2,
    decoding: { mode: 'sample', temperature: 1 },
    maxNewTokens: 12,
    batchSize: 8,
    maxPromptTokens: 64,
    onOverlength: 'error',
  };
}

/** Tokens of each demonstration, including its end-of-sequence token. */
export async function rowLengths(path: string): Promise<number[]> {
  const tokenizer = await openTokenizer(architecture, readModelConfig(architecture));
  const rows = readRows<DemonstrationRow>(dirname(path), basename(path));
  return rows.map(
    ({ prompt, completion }) => tokenizer.encode(prompt).length + tokenizer.encode(completion).length + 1,
  );
}
