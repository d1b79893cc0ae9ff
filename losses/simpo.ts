import { defineLoss } from './define';
import { logistic, scaled } from './parts';

/** A loss of TRL's CPO trainer. */
export const simpo = defineLoss({
  name: 'simpo',
  rows: 'pairs',
  paper: 'Meng et al. 2024, arXiv:2405.14734',
  equation: '−log σ(β (mean log π(chosen) − mean log π(rejected)) − γ), without a reference',
  fields: (z) => ({
    gamma: z
      .number()
      .nonnegative()
      .describe('γ: target margin, subtracted from β times the difference of the mean log-probabilities.'),
  }),
  title: () => 'SimPO',
  hubTag: 'simpo',
  needs: { reference: false, lengths: true },
  sftTerm: false,
  // −log σ(β (mean log π(chosen) − mean log π(rejected)) − γ)
  value: (ops, { chosen, rejected }, { beta, gamma }) => {
    const difference = scaled(ops, ops.sub(chosen.meanLogprob, rejected.meanLogprob), beta);
    return logistic(ops, ops.sub(difference, ops.scalar(gamma)));
  },
  reward: {
    equation: 'β × mean per token',
    of: ({ logprob, tokens }, { beta }) => (beta * logprob) / tokens,
  },
  atReference: null,
});
