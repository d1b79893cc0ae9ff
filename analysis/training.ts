import { fewSteps, type StageResult } from '../contracts/stage';

/** A training stage with its optimiser steps. */
export interface TrainedStage {
  readonly kind: string;
  readonly title: string;
  readonly steps: number;
}

/** The training stages of a run whose steps are recorded, in the order of their requests. */
export function trainedStages(stages: readonly StageResult[] = []): TrainedStage[] {
  return stages.flatMap(({ kind, makes, title, metrics: { steps } }) =>
    makes === 'adapter' && steps !== undefined ? [{ kind, title, steps }] : [],
  );
}

export const isUnderTrained = ({ steps }: Pick<TrainedStage, 'steps'>): boolean => steps < fewSteps;

/** Steps of the last stage of a kind. Null: not recorded. */
export function stepsOf(
  trained: readonly TrainedStage[],
  kind: 'trainSft' | 'trainPreference',
): number | null {
  return trained.findLast((stage) => stage.kind === kind)?.steps ?? null;
}

/** Whether preference tuning of a group made too few steps to judge pairs by. */
export function hasFewSteps({ trained }: { readonly trained: readonly TrainedStage[] }): boolean {
  const steps = stepsOf(trained, 'trainPreference');
  return steps !== null && isUnderTrained({ steps });
}
