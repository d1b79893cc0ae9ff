import type { StageRequest } from '../contracts/activities';
import type { StageResult } from '../contracts/stage';
import type { StageKind } from './registry';

/** The activities behind the stage kinds, by their names in Temporal. */
export type StageActivities = {
  [K in StageKind]: (request: StageRequest) => Promise<StageResult>;
} & {
  /** Generates the answers of an evaluation whose judge needs no GPU. `evaluate` then finds the answers. */
  answer(request: StageRequest): Promise<void>;
  /** Runs a stage of a user's kind. */
  runUserStage(request: StageRequest): Promise<StageResult>;
};
