import { BudgetlineError } from '../../core/failures';
import type { BoundLoss, BoundUnpairedLoss } from '../../losses/bind';
import type { ReferenceValue } from '../../losses/define';
import { countSupervised, isUnpaired } from '../engine';
import type { StepMetrics } from '../engine/types';
import type { TrainRow } from '../rows';

/** Tolerated f32 error of a summed log-probability, per token. */
const tolerancePerToken = 1e-5;

/** Weight of the unpaired answers of a step, on average. */
function meanWeight({ weight }: BoundUnpairedLoss, rows: readonly TrainRow[]): number {
  const desirable = rows.filter((row) => isUnpaired(row) && row.desirable).length;
  return (desirable * weight(true) + (rows.length - desirable) * weight(false)) / rows.length;
}

/** The mean loss of a step's rows where the policy is its reference; null where it is not known. */
function valueAtReference(
  loss: BoundLoss,
  metrics: StepMetrics,
  rows: readonly TrainRow[],
): ReferenceValue | null {
  const { atReference } = loss;
  if (atReference === null) return null;
  if (loss.rows === 'unpaired') {
    const weight = meanWeight(loss, rows);
    return { loss: atReference.loss * weight, slope: atReference.slope * weight };
  }
  const sft = (loss.sftWeight ?? 0) * (metrics['nll_loss'] ?? 0);
  return { loss: atReference.loss + sft, slope: atReference.slope };
}

interface Check {
  readonly name: string;
  readonly expected: number;
  readonly tolerance: number;
}

function requireMetric(metrics: StepMetrics, { name, expected, tolerance }: Check): void {
  const found = metrics[name];
  if (found === undefined || Math.abs(found - expected) <= tolerance) return;
  throw new BudgetlineError(
    'REFERENCE_BROKEN',
    `Step 1: ${name} is ${found} before the first update, and must be ${expected}.`,
    { details: { step: 1, metric: name, found, expected, tolerance } },
  );
}

/**
 * Before the first update the policy equals its reference: rewards are 0 and the loss is known.
 * @throws REFERENCE_BROKEN
 */
export function checkFirstStep(
  loss: BoundLoss,
  step: number,
  { metrics, rows }: { metrics: StepMetrics; rows: readonly TrainRow[] },
): void {
  const value = step === 1 ? valueAtReference(loss, metrics, rows) : null;
  if (value === null) return;
  const tolerance = loss.beta * tolerancePerToken * Math.max(...rows.map(countSupervised));
  for (const name of ['rewards/margins', 'rewards/chosen', 'rewards/rejected'])
    requireMetric(metrics, { name, expected: 0, tolerance });
  const rounding = 1e-6 * Math.max(1, value.loss);
  requireMetric(metrics, {
    name: 'loss',
    expected: value.loss,
    tolerance: tolerance * Math.max(1, value.slope) + rounding,
  });
}
