/**
 * Controls, each an additional cell:
 *
 * | kind | training | compared with |
 * |---|---|---|
 * | warm-start | none beyond the cell's SFT: its frozen warm start is evaluated | every mixture |
 * | sft-on-chosen | SFT on the chosen answers of the pairs, from the same warm start | the best mixture of each budget |
 * | rejection-sampling | SFT on as many correct samples of the same warm start | the best mixture of each budget |
 * | few-shot | none: the base model with demonstrations in its prompt | the smallest budget |
 * | dpo-nll | DPO with a cross-entropy term of weight 1 on the chosen answers; a `sigmoid` loss keeps its `labelSmoothing` | SFT fraction 0 at every budget |
 * | learning-rate, beta | preference tuning with half and twice the value | all splits with pairs, at one budget |
 *
 * `sft-on-chosen` and `rejection-sampling` train as `sft`, with the epochs and batch size of `preference`: equal steps.
 */
export const controlKinds = [
  'warm-start',
  'sft-on-chosen',
  'rejection-sampling',
  'few-shot',
  'dpo-nll',
  'learning-rate',
  'beta',
] as const;
export type ControlKind = (typeof controlKinds)[number];
