import { fewSteps, type StageResult } from '../contracts/stage';

/** A training stage with its optimiser steps. */
export interface TrainedStage {
  readonly title: string;
  readonly steps: number;
}

/** The training stages of a run whose steps are recorded, in the order of their requests. */
export function trainedStages(stages: readonly StageResult[] = []): TrainedStage[] {
  return stages.flatMap(({ makes, title, metrics: { steps } }) =>
    makes === 'adapter' && steps !== undefined ? [{ title, steps }] : [],
  );
}

export const isUnderTrained = ({ steps }: Pick<TrainedStage, 'steps'>): boolean => steps < fewSteps;

/** Steps of the last training stage: of preference tuning where a cell has pairs. Null: not recorded. */
export const stepsOf = (trained: readonly TrainedStage[]): number | null => trained.at(-1)?.steps ?? null;

/** Whether preference tuning of a group with pairs made too few steps to judge pairs by. */
export function hasFewSteps({ trained }: { readonly trained: readonly TrainedStage[] }): boolean {
  const steps = stepsOf(trained);
  return steps !== null && isUnderTrained({ steps });
}
