import type { StageProgress } from '../contracts/activities';
import type { PlannedStage } from '../contracts/stage';

/** The progress of a stage that has not reported any. */
export const startingProgress = ({ key, kind }: PlannedStage): StageProgress => ({
  key,
  kind,
  phase: 'starting',
  step: 0,
  steps: 0,
});
