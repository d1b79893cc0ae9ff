import { BudgetlineError } from '../../core/failures';
import type { StepMetrics } from '../engine/types';

/** @throws LOSS_NOT_FINITE naming the first metric that is not a finite number. */
export function requireFinite(step: number, metrics: StepMetrics): void {
  const wrong = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new BudgetlineError(
    'LOSS_NOT_FINITE',
    `Step ${step}: ${wrong[0]} is ${wrong[1]}. The checkpoint before it is kept.`,
    { details: { step, metric: wrong[0] } },
  );
}

/** The limit is this many times the loss of the first step (or of 1, if that is larger). */
const divergenceFactor = 3;
const patienceSteps = 10;

/**
 * Ends a run whose loss exceeds the limit for ten steps in a row. `earlier` has the losses from before a resume, so that
 * a resumed run ends at the same step as an undisturbed one.
 * @throws TRAINING_DIVERGED
 */
export function createDivergenceMonitor(earlier: readonly number[]): (step: number, loss: number) => void {
  let limit = Number.NaN;
  let stepsAbove = 0;
  const record = (loss: number): void => {
    if (Number.isNaN(limit)) limit = divergenceFactor * Math.max(1, loss);
    stepsAbove = loss > limit ? stepsAbove + 1 : 0;
  };
  earlier.forEach(record);
  return (step, loss) => {
    record(loss);
    if (stepsAbove < patienceSteps) return;
    throw new BudgetlineError(
      'TRAINING_DIVERGED',
      `Step ${step}: the loss is ${loss.toPrecision(4)} and has been above ${limit.toPrecision(4)} for ${patienceSteps} steps.`,
      { details: { step, loss, limit } },
    );
  };
}
