import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SpecOf } from '../contracts/stage';
import type { StageOutput, StageSession } from './session';

/** Checkpoints that a training run keeps: if the newest is damaged, the one before it is used. */
export const keepCheckpoints = 2;

/** The rows of a data artifact: demonstrations or pairs. */
export function rowsFile(dir: string): string {
  const demonstrations = join(dir, 'demonstrations.jsonl');
  return existsSync(demonstrations) ? demonstrations : join(dir, 'pairs.jsonl');
}

/** Supervised fine-tuning of the input `base` on the input `data`. */
export async function trainSft(session: StageSession, spec: SpecOf<'trainSft'>): Promise<StageOutput> {
  const base = await session.inputs.open('base');
  const data = await session.inputs.open('data');
  const job = session.jobBase();
  const { result } = await session.runTrainer({
    ...job,
    command: 'sft',
    model: base.dir,
    data: rowsFile(data.dir),
    column: spec.column,
    training: spec.training,
    seed: spec.seed,
    checkpointEverySteps: session.execution.checkpointEverySteps,
    keepCheckpoints,
  });
  return { dir: job.outputDir, metrics: result.metrics };
}
