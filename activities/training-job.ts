import type { TrainingSpec } from '../schemas/training';
import type { StageSession } from './session';

/** Checkpoints that a training run keeps: if the newest is damaged, the one before it is used. */
export const keepCheckpoints = 2;

/** Fields that all training jobs have. */
export function trainingJob(
  { execution: { checkpointEverySteps } }: StageSession,
  { training, seed }: { readonly training: TrainingSpec; readonly seed: number },
) {
  return { training, seed, checkpointEverySteps, keepCheckpoints };
}
