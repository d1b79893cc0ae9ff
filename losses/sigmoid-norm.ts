import { defineLoss } from './define';
import { ln2AtReference, logistic, relativeReward, scaled } from './parts';

export const sigmoidNorm = defineLoss({
  name: 'sigmoid_norm',
  rows: 'pairs',
  paper: 'Lambert et al. 2024, arXiv:2411.15124',
  equation: '−log σ(β (w / tokens − l / tokens))',
  fields: () => ({}),
  title: () => 'Length-normalised DPO',
  hubTag: 'sigmoid_norm',
  needs: { reference: true, lengths: true },
  sftTerm: false,
  // −log σ(β (w / tokens − l / tokens))
  value: (ops, { chosen, rejected }, { beta }) =>
    logistic(ops, scaled(ops, ops.sub(chosen.meanLogRatio, rejected.meanLogRatio), beta)),
  reward: relativeReward,
  atReference: ln2AtReference,
});
