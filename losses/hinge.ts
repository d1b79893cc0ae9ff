import { defineLoss } from './define';
import { positivePart, relativeReward, scaled } from './parts';

export const hinge = defineLoss({
  name: 'hinge',
  rows: 'pairs',
  paper: 'Liu et al. 2023, arXiv:2309.06657',
  equation: 'max(0, 1 − βΔ)',
  fields: () => ({}),
  title: () => 'Hinge preference tuning',
  hubTag: 'hinge',
  needs: { reference: true, lengths: false },
  sftTerm: false,
  // max(0, 1 − βΔ)
  value: (ops, { chosen, rejected }, { beta }) => {
    const margin = scaled(ops, ops.sub(chosen.logRatio, rejected.logRatio), beta);
    return positivePart(ops, ops.sub(ops.scalar(1), margin));
  },
  reward: relativeReward,
  atReference: { equation: '1', of: () => ({ loss: 1, slope: 1 }) },
});
