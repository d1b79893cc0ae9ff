import { BudgetlineError } from '../../contracts/failures';
import type { StepFigures } from '../engine/types';

/** @throws LOSS_NOT_FINITE naming the first figure that is no finite number. */
export function requireFinite(step: number, figures: StepFigures): void {
  const wrong = Object.entries(figures).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new BudgetlineError(
    'LOSS_NOT_FINITE',
    `Step ${step}: ${wrong[0]} is ${wrong[1]}. The checkpoint before it is kept.`,
    { details: { step, figure: wrong[0] } },
  );
}

/** A loss this many times that of the first step is no bad batch any more when it stays there. */
const explosion = 3;
const patienceSteps = 10;

/**
 * Ends a run whose loss has stayed above three times the first step's (or 3) for ten steps in a row. `earlier`
 * are the losses from before a resume, so that a resumed run ends where an undisturbed one does.
 * @throws TRAINING_DIVERGED
 */
export function watchLoss(earlier: readonly number[]): (step: number, loss: number) => void {
  let limit = Number.NaN;
  let beyond = 0;
  const take = (loss: number): void => {
    if (Number.isNaN(limit)) limit = explosion * Math.max(1, loss);
    beyond = loss > limit ? beyond + 1 : 0;
  };
  earlier.forEach(take);
  return (step, loss) => {
    take(loss);
    if (beyond < patienceSteps) return;
    throw new BudgetlineError(
      'TRAINING_DIVERGED',
      `Step ${step}: the loss is ${loss.toPrecision(4)} and has been above ${limit.toPrecision(4)} for ${patienceSteps} steps.`,
      { details: { step, loss, limit } },
    );
  };
}
