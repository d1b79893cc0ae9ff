import { defineLoss } from './define';
import { relativeReward } from './parts';

/** The loss of TRL's KTO trainer. */
export const kto = defineLoss({
  name: 'kto',
  rows: 'unpaired',
  paper: 'Ethayarajh et al. 2024, arXiv:2402.01306',
  equation:
    'unpaired: λ (1 − σ(β (w − z))) of a desirable answer, λ (1 − σ(β (z − l))) of an undesirable one',
  fields: (z) => ({
    desirableWeight: z.number().positive().default(1).describe('λ of desirable answers. Default: 1.'),
    undesirableWeight: z.number().positive().default(1).describe('λ of undesirable answers. Default: 1.'),
  }),
  title: () => 'KTO',
  hubTag: 'kto',
  needs: { reference: true, lengths: false },
  sftTerm: false,
  baseline: true,
  // σ(−β s (log π − log π_ref − z)), s = 1 for desirable answers and −1 for others: 1 − σ(β (w − z)), 1 − σ(β (z − l))
  value: ({ mul, scalar, sigmoid, sub }, { answer, side, baseline }, { beta }) =>
    sigmoid(mul(sub(answer.logRatio, baseline), mul(side, scalar(-beta)))),
  weight: (desirable, { desirableWeight, undesirableWeight }) =>
    desirable ? desirableWeight : undesirableWeight,
  // The authors recommend this range.
  balance: { min: 1, max: 4 / 3, advice: 'set desirableWeight and undesirableWeight' },
  reward: relativeReward,
  atReference: { equation: 'mean λ / 2', of: () => ({ loss: 0.5, slope: 1 }) },
});
