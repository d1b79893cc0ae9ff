import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sweepDefinition } from '../schemas/definition';
import type { TrainingSpec } from '../schemas/training';
import { trainerProtocol, type JobOf } from '../schemas/trainer-job';
import { gradeSchoolMathDefaults } from '../tasks';
import type { BenchData } from './data';

/** The built training executable. */
export const trainer = resolve(__dirname, '..', 'dist', 'bin', 'budgetline-trainer.js');

export type Stage = 'sft' | 'dpo';

/** Training settings of both stages. */
export interface Recipe {
  readonly sft: TrainingSpec;
  readonly dpo: TrainingSpec;
  readonly loss: { readonly name: 'sigmoid'; readonly beta: number };
}

/** Inputs of a stage. Default recipe: the embedded one. */
export interface StageFiles {
  readonly model: string;
  readonly data: BenchData;
  readonly threads: number;
  readonly recipe?: Recipe;
}

/** The embedded recipe. */
const definition = sweepDefinition.parse({
  ...gradeSchoolMathDefaults,
  name: 'bench',
  annotator: 'clean',
  budgets: [1],
  sftFractions: [1],
});

function embeddedRecipe(): Recipe {
  const { loss, ...dpo } = definition.preference;
  if (loss.name !== 'sigmoid') throw new Error('the embedded recipe trains with the sigmoid loss');
  return { sft: definition.sft, dpo, loss: { name: loss.name, beta: loss.beta } };
}

export const embedded: Recipe = embeddedRecipe();

/** The job of a training stage, with its own folder. */
export function stageJob(
  bench: StageFiles,
  stage: Stage,
  workDir: string,
): JobOf<'sft'> | JobOf<'preference'> {
  const { sft, dpo, loss } = bench.recipe ?? embedded;
  const base = {
    protocol: trainerProtocol,
    id: `bench-${stage}`,
    workDir: join(workDir, 'work'),
    outputDir: join(workDir, 'out'),
    seed: 0,
    plan: { device: 'cpu', threads: bench.threads, microBatchSize: null },
    checkpointEverySteps: definition.execution.checkpointEverySteps,
    keepCheckpoints: 2,
  } as const;
  if (stage === 'sft')
    return {
      ...base,
      command: 'sft',
      model: bench.model,
      data: bench.data.demonstrations,
      column: 'completion',
      training: sft,
    };
  const weights = readFileSync(join(bench.model, 'model.safetensors'));
  return {
    ...base,
    command: 'preference',
    reference: bench.model,
    referenceSha256: createHash('sha256').update(weights).digest('hex'),
    data: bench.data.pairs,
    loss,
    training: dpo,
  };
}
