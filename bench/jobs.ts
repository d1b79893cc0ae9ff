import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sweepDefinition } from '../contracts/definition';
import { trainerProtocol, type JobOf } from '../contracts/trainer-job';
import { gradeSchoolMathDefaults } from '../tasks';
import type { BenchData } from './data';

/** The built training executable. */
export const trainer = resolve(__dirname, '..', 'dist', 'bin', 'budgetline-trainer.js');

export type Stage = 'sft' | 'dpo';

/** What a stage is run on. */
export interface StageFiles {
  readonly model: string;
  readonly data: BenchData;
  readonly threads: number;
}

/** The embedded recipe. */
export const definition = sweepDefinition.parse({
  ...gradeSchoolMathDefaults,
  name: 'bench',
  annotator: 'clean',
  budgets: [1],
  sftFractions: [1],
});

/** A training stage of the embedded recipe as a job file has it, in a folder of its own. */
export function stageJob(
  bench: StageFiles,
  stage: Stage,
  workDir: string,
): JobOf<'sft'> | JobOf<'preference'> {
  const { loss, ...preference } = definition.preference;
  const base = {
    protocol: trainerProtocol,
    id: `bench-${stage}`,
    workDir: join(workDir, 'work'),
    outputDir: join(workDir, 'out'),
    seed: 0,
    plan: { device: 'cpu', threads: bench.threads, microBatchRows: null },
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
      training: definition.sft,
    };
  const weights = readFileSync(join(bench.model, 'model.safetensors'));
  return {
    ...base,
    command: 'preference',
    reference: bench.model,
    referenceSha256: createHash('sha256').update(weights).digest('hex'),
    data: bench.data.pairs,
    loss,
    training: preference,
  };
}
