import { defineLoss } from 'budgetline/losses';

/** The built-in loss "sigmoid" again, with a target margin. */
export const margin = defineLoss({
  name: 'margin',
  rows: 'pairs',
  paper: null,
  equation: '−log σ(βΔ − γ)',
  fields: (z) => ({ gamma: z.number().nonnegative().default(0).describe('γ: target margin. Default: 0.') }),
  title: ({ gamma }) => (gamma === 0 ? 'Margin DPO without a margin' : 'Margin DPO'),
  hubTag: 'margin-dpo',
  needs: { reference: true, lengths: false },
  sftTerm: true,
  value: ({ mul, neg, scalar, softplus, sub }, { chosen, rejected }, { beta, gamma }) => {
    const difference = mul(sub(chosen.logRatio, rejected.logRatio), scalar(beta));
    return softplus(neg(gamma === 0 ? difference : sub(difference, scalar(gamma))));
  },
  reward: {
    equation: 'β (log π − log π_ref)',
    of: ({ logprob, reference }, { beta }) => beta * (logprob - reference),
  },
  atReference: {
    equation: 'log(1 + exp γ)',
    of: ({ gamma }) => ({ loss: Math.log1p(Math.exp(gamma)), slope: 1 }),
  },
});

/** Reads a term that its needs leave out. */
export const undeclared: object = { ...margin, needs: { reference: false, lengths: false } };

/** Their functions throw. */
export const failing: object = { ...margin, value: () => JSON.parse('') as never };
export const failingReward: object = {
  ...margin,
  reward: { equation: 'r', of: () => JSON.parse('') as never },
};

/** A title that cannot be made. */
export const untitled: object = {
  ...margin,
  title: () => JSON.parse('') as never,
};

/** An export that is not a loss. */
export const unfinished = { name: 'unfinished', rows: 'pairs' };

/** The odds ratio loss of Hong et al. 2024, with a logarithm that is finite only for log π < 0. */
export const orpo = defineLoss({
  name: 'orpo',
  rows: 'pairs',
  paper: 'Hong et al. 2024, arXiv:2403.07691',
  equation: '−β log σ(log odds(chosen) − log odds(rejected))',
  fields: () => ({}),
  title: () => 'ORPO',
  hubTag: 'orpo',
  needs: { reference: false, lengths: true },
  sftTerm: true,
  value: ({ exp, log, mul, neg, scalar, softplus, sub }, { chosen, rejected }, { beta }) => {
    const oddsOf = (mean: typeof chosen.meanLogprob) => sub(mean, log(sub(scalar(1), exp(mean))));
    const ratio = sub(oddsOf(chosen.meanLogprob), oddsOf(rejected.meanLogprob));
    return mul(softplus(neg(ratio)), scalar(beta));
  },
  reward: {
    equation: 'β × mean per token',
    of: ({ logprob, tokens }, { beta }) => (beta * logprob) / tokens,
  },
  atReference: null,
});
