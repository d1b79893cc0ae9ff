import { defineLoss } from './define';
import { relativeReward } from './parts';

export const ipo = defineLoss({
  name: 'ipo',
  rows: 'pairs',
  paper: 'Azar et al. 2023, arXiv:2310.12036',
  equation: '(w / tokens − l / tokens − 1 / (2β))²',
  fields: () => ({}),
  title: () => 'IPO',
  hubTag: 'ipo',
  needs: { reference: true, lengths: true },
  sftTerm: false,
  // (w / tokens − l / tokens − 1 / (2β))²
  value: ({ mul, scalar, sub }, { chosen, rejected }, { beta }) => {
    const distance = sub(sub(chosen.meanLogRatio, rejected.meanLogRatio), scalar(1 / (2 * beta)));
    return mul(distance, distance);
  },
  reward: relativeReward,
  atReference: {
    equation: '1 / (4β²)',
    of: ({ beta }) => ({ loss: 1 / (4 * beta ** 2), slope: 1 / beta ** 2 }),
  },
});
