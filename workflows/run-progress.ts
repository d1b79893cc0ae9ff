import { defineQuery, setHandler } from '@temporalio/workflow';
import type { ExperimentProgress, FailedStage } from '../contracts/results';
import type { PlannedStage, StageResult } from '../contracts/stage';
import type { Steering } from './steering';

/** The `progress` query of a cell or a user's own workflow: stages that have finished, run or failed. */
const experimentProgress = defineQuery<ExperimentProgress>('progress');

interface Runner {
  readonly finished: readonly StageResult[];
  readonly running: readonly PlannedStage[];
  readonly failed: readonly FailedStage[];
}

/** Answers the `progress` query from the stages of all runners. The array may grow. */
export function answerProgress(runners: readonly Runner[], steering: Steering): void {
  setHandler(experimentProgress, () => ({
    finished: runners.flatMap(({ finished }) => finished),
    running: runners.flatMap(({ running }) => running.map(({ key, kind, title }) => ({ key, kind, title }))),
    failed: runners.flatMap(({ failed }) => failed),
    paused: steering.state.paused,
  }));
}
