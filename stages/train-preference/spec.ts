import type { StageCode } from '../../core/code';
import type { KeyedUserLoss } from '../../losses/facts';
import type { BuiltInLoss } from '../../losses/registry';
import type { TrainingSpec } from '../../schemas/training';

export interface TrainPreferenceSpec {
  readonly kind: 'trainPreference';
  readonly loss: BuiltInLoss | KeyedUserLoss;
  /** Digests of a user's loss; left out for a built-in one. */
  readonly code?: StageCode;
  readonly training: TrainingSpec;
  readonly seed: number;
  readonly dtype: 'f32';
}
