import { BudgetlineError } from '../../contracts/failures';
import type { PreferenceLoss } from '../../schemas/losses';
import { isUnpaired, sequencesOf, supervisedTokens } from '../engine';
import type { StepFigures, TrainRow } from '../engine/types';

/** Error of a summed log-probability in f32, a token, that still counts as equal. */
const toleranceAToken = 1e-5;

/** Where policy and reference are one, a loss is known; `slope` is how fast it leaves that value with the margin. */
interface Identity {
  readonly loss: number;
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
function identityOf(loss: PreferenceLoss, figures: StepFigures, rows: readonly TrainRow[]): Identity | null {
  switch (loss.name) {
    case 'simpo':
      return null;
    case 'hinge':
      return { loss: 1, slope: 1 };
    case 'ipo':
      return { loss: 1 / (4 * loss.beta ** 2), slope: 1 / loss.beta ** 2 };
    case 'kto':
      return { loss: meanWeight(loss, rows) / 2, slope: meanWeight(loss, rows) };
    case 'sigmoid-nll':
      return { loss: Math.LN2 + loss.nllWeight * (figures['nll_loss'] ?? Number.NaN), slope: 1 };
    case 'sigmoid':
    case 'cdpo':
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

function requireFigure(figures: StepFigures, { name, expected, tolerance }: Check): void {
  const found = figures[name];
  if (found === undefined || Math.abs(found - expected) <= tolerance) return;
  throw new BudgetlineError(
    'REFERENCE_BROKEN',
    `Step 1: ${name} is ${found} before anything was learnt and must be ${expected}.`,
    { details: { step: 1, figure: name, found, expected, tolerance } },
  );
}

const answerTokens = (row: TrainRow): number =>
  sequencesOf(row).reduce((sum, sequence) => sum + supervisedTokens(sequence), 0);

/** Before the first update the policy is its reference: rewards are 0 and the loss is known, or the reference is wrong. */
export function checkFirstStep(
  loss: PreferenceLoss,
  step: number,
  { figures, rows }: { figures: StepFigures; rows: readonly TrainRow[] },
): void {
  const identity = step === 1 ? identityOf(loss, figures, rows) : null;
  if (identity === null) return;
  const tolerance = loss.beta * toleranceAToken * Math.max(...rows.map(answerTokens));
  for (const name of ['rewards/margins', 'rewards/chosen', 'rewards/rejected'])
    requireFigure(figures, { name, expected: 0, tolerance });
  const rounding = 1e-6 * Math.max(1, identity.loss);
  requireFigure(figures, {
    name: 'loss',
    expected: identity.loss,
    tolerance: tolerance * Math.max(1, identity.slope) + rounding,
  });
}
