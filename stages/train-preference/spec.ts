import type { PreferenceLoss } from '../../schemas/losses';
import type { TrainingSpec } from '../../schemas/training';

export interface TrainPreferenceSpec {
  readonly kind: 'trainPreference';
  readonly loss: PreferenceLoss;
  readonly training: TrainingSpec;
  readonly seed: number;
  readonly dtype: 'f32';
}
