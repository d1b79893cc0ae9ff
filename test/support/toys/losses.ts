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

/** An export that is not a loss. */
export const unfinished = { name: 'unfinished', rows: 'pairs' };
