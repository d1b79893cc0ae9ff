import { z } from 'zod';

const positive = z.number().positive();
/** ε: the assumed probability that a label is wrong. */
const labelSmoothing = z.number().gt(0).lt(0.5);

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
    name: z.literal('sigmoid'),
    beta: positive,
    labelSmoothing: labelSmoothing.optional(),
    sftWeight: positive.optional(),
  }),
  z.strictObject({ name: z.literal('robust'), beta: positive, labelSmoothing }),
  z.strictObject({ name: z.literal('hinge'), beta: positive }),
  z.strictObject({ name: z.literal('ipo'), beta: positive }),
  z.strictObject({ name: z.literal('sigmoid_norm'), beta: positive }),
  z.strictObject({ name: z.literal('simpo'), beta: positive, gamma: z.number().nonnegative() }),
  z.strictObject({
    name: z.literal('kto'),
    beta: positive,
    desirableWeight: positive.default(1),
    undesirableWeight: positive.default(1),
  }),
]);
export type PreferenceLoss = z.infer<typeof preferenceLoss>;
export type PreferenceLossName = PreferenceLoss['name'];
export type PairLoss = Exclude<PreferenceLoss, { name: 'kto' }>;
export type KtoLoss = Extract<PreferenceLoss, { name: 'kto' }>;
