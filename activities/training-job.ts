import type { TrainingSpec } from '../schemas/training';
import { keepCheckpoints } from '../stages';
import type { StageSession } from './session';

/** Fields that all training jobs have. */
export function trainingJob(
  { execution: { checkpointEverySteps } }: StageSession,
  { training, seed }: { readonly training: TrainingSpec; readonly seed: number },
) {
  return { training, seed, checkpointEverySteps, keepCheckpoints };
}
