import type { StageCode } from '../../core/code';
import type { KeyedUserLoss } from '../../losses/facts';
import type { BuiltInLoss } from '../../losses/registry';
import type { TrainingSpec } from '../../schemas/training';
import type { TaskSource } from '../sources';

export interface TrainPreferenceSpec {
  readonly kind: 'trainPreference';
  readonly loss: BuiltInLoss | KeyedUserLoss;
  /** Digests of a user's loss; left out for a built-in one. */
  readonly code?: StageCode;
  readonly training: TrainingSpec;
  /** The task whose validation problems are held out; left out if it has none. */
  readonly heldOut?: TaskSource;
  readonly seed: number;
  readonly dtype: 'f32';
}
