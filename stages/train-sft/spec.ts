import type { TrainingSpec } from '../../schemas/training';

export interface TrainSftSpec {
  readonly kind: 'trainSft';
  /** Text that is trained on. */
  readonly column: 'completion' | 'chosen';
  readonly training: TrainingSpec;
  readonly seed: number;
  readonly dtype: 'f32';
}
