import type { TrainingSpec } from '../../schemas/training';
import type { TaskSource } from '../sources';

export interface TrainSftSpec {
  readonly kind: 'trainSft';
  /** Text that is trained on. */
  readonly column: 'completion' | 'chosen';
  readonly training: TrainingSpec;
  /** The task whose validation problems are held out; left out if it has none. */
  readonly heldOut?: TaskSource;
  readonly seed: number;
  readonly dtype: 'f32';
}
