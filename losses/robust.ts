import { defineLoss } from './define';
import { ln2AtReference, logistic, relativeReward, scaled } from './parts';

export const robust = defineLoss({
  name: 'robust',
  rows: 'pairs',
  paper: 'Chowdhury et al. 2024, arXiv:2403.00409',
  equation: '[−(1 − ε) log σ(βΔ) + ε log σ(−βΔ)] / (1 − 2ε), ε = labelSmoothing',
  fields: (z) => ({
    labelSmoothing: z.number().gt(0).lt(0.5).describe('ε: the assumed probability that a label is wrong.'),
  }),
  title: () => 'Robust DPO',
  hubTag: 'robust',
  needs: { reference: true, lengths: false },
  sftTerm: false,
  // [−(1 − ε) log σ(βΔ) + ε log σ(−βΔ)] / (1 − 2ε)
  value: (ops, { chosen, rejected }, { beta, labelSmoothing }) => {
    const margin = scaled(ops, ops.sub(chosen.logRatio, rejected.logRatio), beta);
    const share = 1 - 2 * labelSmoothing;
    const right = scaled(ops, logistic(ops, margin), (1 - labelSmoothing) / share);
    return ops.sub(right, scaled(ops, ops.softplus(margin), labelSmoothing / share));
  },
  reward: relativeReward,
  atReference: ln2AtReference,
});
