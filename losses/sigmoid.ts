import { defineLoss } from './define';
import { ln2AtReference, logistic, relativeReward, scaled } from './parts';

export const sigmoid = defineLoss({
  name: 'sigmoid',
  rows: 'pairs',
  paper: 'Rafailov et al. 2023, arXiv:2305.18290',
  equation: '−log σ(βΔ); with labelSmoothing ε: −(1 − ε) log σ(βΔ) − ε log σ(−βΔ), conservative DPO',
  fields: (z) => ({
    labelSmoothing: z
      .number()
      .gt(0)
      .lt(0.5)
      .optional()
      .describe('ε: the assumed probability that a label is wrong. Default: 0.'),
  }),
  title: ({ labelSmoothing }) => (labelSmoothing === undefined ? 'DPO' : 'Conservative DPO'),
  hubTag: 'dpo',
  needs: { reference: true, lengths: false },
  sftTerm: true,
  // −(1 − ε) log σ(βΔ) − ε log σ(−βΔ)
  value: (ops, { chosen, rejected }, { beta, labelSmoothing }) => {
    const margin = scaled(ops, ops.sub(chosen.logRatio, rejected.logRatio), beta);
    const loss = logistic(ops, margin);
    if (labelSmoothing === undefined) return loss;
    const flipped = scaled(ops, ops.softplus(margin), labelSmoothing);
    return ops.add(scaled(ops, loss, 1 - labelSmoothing), flipped);
  },
  reward: relativeReward,
  atReference: ln2AtReference,
});
