import type { Estimate } from './estimate';

/** Effect of a control. `none`: the 95% interval of the difference is within ± the margin. */
export type ControlEffect = 'helps' | 'none' | 'hurts' | 'unclear';

/** The winning mixture compared with SFT on the chosen answers of its pairs, or on rejection samples of its warm start. */
export interface ControlAnalysis {
  readonly kind: 'sft-on-chosen' | 'rejection-sampling';
  readonly budget: number;
  readonly sftFraction: number;
  readonly mixture: Estimate;
  readonly control: Estimate;
  /** Mixture less control: the gain of the preference loss over SFT on the same data, or over rejection sampling. */
  readonly difference: Estimate;
  /** Control less pure SFT at the same budget: the gain of its data. Null: SFT share 1 was not run. */
  readonly overPureSft: Estimate | null;
  /** Effect of preference tuning. */
  readonly lossEffect: ControlEffect;
  readonly reading: string;
}

/** A baseline instead of training, or instead of a warm start. */
export interface FurtherControl {
  /** `few-shot`: the untrained base with demonstrations in its prompt. `dpo-nll`: SFT share 0 with a likelihood term. */
  readonly kind: 'few-shot' | 'dpo-nll';
  /** Null: the base, which has no budget. */
  readonly budget: number | null;
  readonly control: Estimate;
  /** The base without demonstrations; SFT share 0 as defined. */
  readonly without: Estimate;
  /** control − without. */
  readonly difference: Estimate;
  readonly effect: ControlEffect;
  readonly reading: string;
}

/** The split with the highest score under one setting of preference tuning. */
export interface TunedWinner {
  /** "as defined", "learning rate × 0.5" … */
  readonly setting: string;
  readonly sftFraction: number;
  readonly score: Estimate;
  /** Its score less that of the best split as defined, both under this setting. Null: the same split. */
  readonly overDefined: Estimate | null;
  readonly scores: readonly { readonly sftFraction: number; readonly score: Estimate }[];
}

/** Whether another learning rate or β changes which split is best at one budget. */
export interface TuningAnalysis {
  readonly kind: 'learning-rate' | 'beta';
  readonly budget: number;
  /** As defined, then the others. */
  readonly settings: readonly TunedWinner[];
  /** `yes`: under some setting another split is significantly above the best one as defined. */
  readonly changes: 'no' | 'yes' | 'unclear';
  readonly reading: string;
}
