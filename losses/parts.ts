import type { ScoredAnswer } from './define';
import type { LossOps, Tensor } from './terms';

/** x times a number. */
export const scaled = ({ mul, scalar }: LossOps, x: Tensor, factor: number): Tensor => mul(x, scalar(factor));

/** −log σ(x) */
export const logistic = ({ neg, softplus }: LossOps, x: Tensor): Tensor => softplus(neg(x));

/** max(0, x), whose slope at 0 is 0. */
export const positivePart = ({ lessOrEqual, scalar, where }: LossOps, x: Tensor): Tensor =>
  where(lessOrEqual(x, scalar(0)), scalar(0), x);

/** DPO's implicit reward. */
export const relativeReward = {
  equation: 'β (log π − log π_ref)',
  of: ({ logprob, reference }: ScoredAnswer, { beta }: { beta: number }): number =>
    beta * (logprob - reference),
};

/** Losses that are −log σ of 0 where the policy is its reference. */
export const ln2AtReference = { equation: 'ln 2', of: () => ({ loss: Math.LN2, slope: 1 }) };
