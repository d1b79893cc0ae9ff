import { z } from 'zod';
import { positive } from './scalars';

const labelSmoothing = z.number().gt(0).lt(0.5);

const named = <Name extends string>(lossName: Name) => ({
  /** Name of the loss, as in TRL. */
  name: z.literal(lossName),
  /** β of the formula; in DPO a larger β keeps the policy nearer to its reference. */
  beta: positive,
});

/**
 * The loss of preference tuning, under TRL's `loss_type` names (`simpo` is one of its CPO trainer, `kto` of its KTO
 * trainer). w and l are log π − log π_ref of the chosen and the rejected answer, summed over tokens, and Δ = w − l:
 *
 * | name | loss of a pair |
 * |---|---|
 * | sigmoid | −log σ(βΔ): DPO |
 * | … with labelSmoothing ε | −(1 − ε) log σ(βΔ) − ε log σ(−βΔ): conservative DPO |
 * | … with sftWeight λ | λ times the mean cross-entropy of a step's chosen tokens is added: TRL's "sft" loss |
 * | robust | [−(1 − ε) log σ(βΔ) + ε log σ(−βΔ)] / (1 − 2ε) |
 * | hinge | max(0, 1 − βΔ) |
 * | ipo | (w / tokens − l / tokens − 1 / (2β))² |
 * | sigmoid_norm | −log σ(β (w / tokens − l / tokens)) |
 * | simpo | −log σ(β (mean log π(chosen) − mean log π(rejected)) − γ), without a reference |
 * | kto | unpaired: λ (1 − σ(β (w − z))) of a desirable answer, λ (1 − σ(β (z − l))) of an undesirable one |
 *
 * z is the mean of log π − log π_ref over a step's mismatched answers (to other prompts), at least 0, without gradient.
 */
export const preferenceLoss = z.discriminatedUnion('name', [
  z.strictObject({
    ...named('sigmoid'),
    /** ε: the assumed probability that a label is wrong. Default: 0. */
    labelSmoothing: labelSmoothing.optional(),
    /** λ: weight of the cross-entropy on the chosen answers. Default: 0. */
    sftWeight: positive.optional(),
  }),
  z.strictObject({
    ...named('robust'),
    /** ε: the assumed probability that a label is wrong. */
    labelSmoothing,
  }),
  z.strictObject(named('hinge')),
  z.strictObject(named('ipo')),
  z.strictObject(named('sigmoid_norm')),
  z.strictObject({
    ...named('simpo'),
    /** γ: target margin, subtracted from β times the difference of the mean log-probabilities. */
    gamma: z.number().nonnegative(),
  }),
  z.strictObject({
    ...named('kto'),
    /** λ of desirable answers. Default: 1. */
    desirableWeight: positive.default(1),
    /** λ of undesirable answers. Default: 1. */
    undesirableWeight: positive.default(1),
  }),
]);
export type PreferenceLoss = z.infer<typeof preferenceLoss>;
export type PreferenceLossName = PreferenceLoss['name'];
export type PairLoss = Exclude<PreferenceLoss, { name: 'kto' }>;
export type KtoLoss = Extract<PreferenceLoss, { name: 'kto' }>;
