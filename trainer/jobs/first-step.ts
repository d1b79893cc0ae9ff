import { BudgetlineError } from '../../contracts/failures';
import type { PreferenceLoss } from '../../schemas/losses';
import { isUnpaired, sequencesOf, supervisedTokens } from '../engine';
import type { StepMetrics, TrainRow } from '../engine/types';

/** Tolerated f32 error of a summed log-probability, per token. */
const tolerancePerToken = 1e-5;

/** The loss where the policy equals its reference. */
interface Identity {
  readonly loss: number;
  /** Bound on |d loss / d margin| there: scales the tolerance. */
  readonly slope: number;
}

function meanWeight(
  { desirableWeight, undesirableWeight }: LossOf<'kto'>,
  rows: readonly TrainRow[],
): number {
  const desirable = rows.filter((row) => isUnpaired(row) && row.desirable).length;
  return (desirable * desirableWeight + (rows.length - desirable) * undesirableWeight) / rows.length;
}

type LossOf<N extends PreferenceLoss['name']> = Extract<PreferenceLoss, { name: N }>;

/** null for a loss without a reference. */
function identityOf(loss: PreferenceLoss, metrics: StepMetrics, rows: readonly TrainRow[]): Identity | null {
  switch (loss.name) {
    case 'simpo':
      return null;
    case 'hinge':
      return { loss: 1, slope: 1 };
    case 'ipo':
      return { loss: 1 / (4 * loss.beta ** 2), slope: 1 / loss.beta ** 2 };
    case 'kto':
      return { loss: meanWeight(loss, rows) / 2, slope: meanWeight(loss, rows) };
    case 'sigmoid':
      return { loss: Math.LN2 + (loss.sftWeight ?? 0) * (metrics['nll_loss'] ?? 0), slope: 1 };
    case 'robust':
    case 'sigmoid_norm':
      return { loss: Math.LN2, slope: 1 };
  }
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

const answerTokens = (row: TrainRow): number =>
  sequencesOf(row).reduce((sum, sequence) => sum + supervisedTokens(sequence), 0);

/**
 * Before the first update the policy equals its reference: rewards are 0 and the loss is known.
 * @throws REFERENCE_BROKEN
 */
export function checkFirstStep(
  loss: PreferenceLoss,
  step: number,
  { metrics, rows }: { metrics: StepMetrics; rows: readonly TrainRow[] },
): void {
  const identity = step === 1 ? identityOf(loss, metrics, rows) : null;
  if (identity === null) return;
  const tolerance = loss.beta * tolerancePerToken * Math.max(...rows.map(answerTokens));
  for (const name of ['rewards/margins', 'rewards/chosen', 'rewards/rejected'])
    requireMetric(metrics, { name, expected: 0, tolerance });
  const rounding = 1e-6 * Math.max(1, identity.loss);
  requireMetric(metrics, {
    name: 'loss',
    expected: identity.loss,
    tolerance: tolerance * Math.max(1, identity.slope) + rounding,
  });
}
