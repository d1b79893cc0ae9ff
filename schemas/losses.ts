import { z } from 'zod';

const positive = z.number().positive();
/** Share of labels that are taken to be wrong. */
const labelSmoothing = z.number().gt(0).lt(0.5);

/**
 * What preference tuning minimises, by the names of TRL where it has one. With w and l the log-probability ratios of
 * policy and reference on chosen and rejected answers, and Δ = w − l:
 *
 * | name | a pair's loss |
 * |---|---|
 * | sigmoid | −log σ(βΔ): DPO |
 * | cdpo | −(1 − ε) log σ(βΔ) − ε log σ(−βΔ) |
 * | robust | [−(1 − ε) log σ(βΔ) + ε log σ(−βΔ)] / (1 − 2ε) |
 * | hinge | max(0, 1 − βΔ) |
 * | ipo | (w / tokens − l / tokens − 1 / (2β))² |
 * | sigmoid_norm | −log σ(β (w / tokens − l / tokens)) |
 * | simpo | −log σ(β (mean log π(chosen) − mean log π(rejected)) − γ): no reference |
 * | sigmoid-nll | sigmoid, and λ times the mean cross-entropy of a step's chosen tokens |
 * | kto | λ σ(−β (w − z)) of a desirable answer, λ σ(−β (z − l)) of an undesirable one: unpaired |
 *
 * z is the mean ratio of a step on answers to other prompts, at least 0, and no gradient passes through it.
 */
export const preferenceLoss = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sigmoid'), beta: positive }),
  z.strictObject({ name: z.literal('cdpo'), beta: positive, labelSmoothing }),
  z.strictObject({ name: z.literal('robust'), beta: positive, labelSmoothing }),
  z.strictObject({ name: z.literal('hinge'), beta: positive }),
  z.strictObject({ name: z.literal('ipo'), beta: positive }),
  z.strictObject({ name: z.literal('sigmoid_norm'), beta: positive }),
  z.strictObject({ name: z.literal('simpo'), beta: positive, gamma: z.number().nonnegative() }),
  z.strictObject({ name: z.literal('sigmoid-nll'), beta: positive, nllWeight: positive }),
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
