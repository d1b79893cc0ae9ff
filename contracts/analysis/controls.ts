import type { Estimate } from './estimate';
import type { TestScore } from './splits';

/** Effect of a control. `none`: the 95% interval of the difference is within ± the margin. */
export type ControlEffect = 'helps' | 'none' | 'hurts' | 'unclear';

/** Effect of preference tuning on one cell: its score less that of the frozen warm start that tuning began from. */
export interface PairEffect {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  /** After preference tuning. */
  readonly score: Estimate;
  /** Before it. At SFT share 0: the base model. */
  readonly warmStart: Estimate;
  /** score − warmStart. */
  readonly difference: Estimate;
  /** Optimiser steps of preference tuning. Null: not recorded. */
  readonly steps: number | null;
  /** `under-trained`: fewer than 10 optimiser steps, and no significant gain. */
  readonly effect: ControlEffect | 'under-trained';
  readonly reading: string;
}

/** A mixture compared with SFT on the chosen answers of its pairs, or on rejection samples of its warm start. */
export interface ControlAnalysis {
  readonly kind: 'sft-on-chosen' | 'rejection-sampling';
  readonly budget: number;
  readonly sftFraction: number;
  readonly mixture: Estimate;
  readonly control: Estimate;
  /** Mixture less control: preference tuning compared with SFT on the same data, or with rejection sampling. */
  readonly difference: Estimate;
  /** Control less pure SFT at the same budget. Null: SFT share 1 was not run. */
  readonly overPureSft: Estimate | null;
  /** Which of the two scores higher. `equal`: the 95% interval of the difference is within ± the margin. */
  readonly higher: 'mixture' | 'equal' | 'control' | 'unclear';
  /** Differences in training between the two, as a sentence; empty: none. */
  readonly training: string;
  readonly reading: string;
}

/**
 * A control that can be bought instead of a split: it costs no more than the mixture that it belongs to, or than the
 * dearest split. The best one of a budget, compared with all splits of that budget.
 */
export interface CandidateAnalysis {
  readonly budget: number;
  /**
   * `warm-start`: the demonstrations of the best mixture without its pairs. `few-shot`: demonstrations in the prompt of the
   * base model.
   */
  readonly kind: ControlAnalysis['kind'] | 'warm-start' | 'few-shot';
  /** Of its mixture. Null: `few-shot`, which has none. */
  readonly sftFraction: number | null;
  readonly sftRows: number;
  readonly pairRows: number;
  /** US dollars for its rows. */
  readonly annotationUsd: number;
  readonly score: Estimate;
  /** Its score less that of the best split. The bounds allow for the selection of both. */
  readonly overBest: Estimate;
  /** Its score less the base model's. The bounds allow for the selection. Null: the base's score is unknown. */
  readonly overBase: Estimate | null;
  /** Its score on test items. Null: cells are compared on test items, or its evaluation failed. */
  readonly test: TestScore | null;
  /**
   * Whether to buy it instead of the best split: it is significantly above that by more than the margin, or it is the
   * higher of the two and the only one significantly above the base.
   */
  readonly recommended: boolean;
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
