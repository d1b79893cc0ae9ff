import type { Estimate } from './estimate';

export type DiagnosisStatus = 'present' | 'absent' | 'unclear';

/** One metric as evidence for or against a diagnosis. */
export interface DiagnosisEvidence {
  readonly metric:
    'score' | 'wellFormedRate' | 'truncatedRate' | 'noEosRate' | 'meanTokens' | 'repetitionRate';
  /** At SFT share 0. */
  readonly cold: number;
  /** At the smallest fraction above 0. */
  readonly warm: number;
  /** Of the base model. Null: unknown. */
  readonly base: number | null;
  /** warm − cold. */
  readonly difference: Estimate;
  /** Cohen's h for rates, standardised mean difference for lengths. Null: no items. */
  readonly effect: number | null;
  readonly speaks: 'for' | 'against' | 'neither';
}

/** SFT share 0 against the smallest warm start of the same budget. */
export interface ColdStartDiagnosis {
  readonly kind: 'cold-start';
  readonly budget: number;
  readonly status: DiagnosisStatus;
  /**
   * By the effect of the warm start on the score: Cohen's h below 0.5, below 0.8, or above; at least moderate if SFT
   * share 0 has less than half of the warm start's gain over the base. Null unless present.
   */
  readonly strength: 'mild' | 'moderate' | 'strong' | null;
  /** Gain of SFT share 0 over the base as a share of the warm start's; null: the base or a gain is missing. */
  readonly recovered: number | null;
  readonly warmFraction: number;
  readonly warmSftRows: number;
  /** The smallest SFT share that scores significantly above 0, by more than the margin. Null: none. */
  readonly repairedBy: number | null;
  readonly evidence: readonly DiagnosisEvidence[];
  readonly advice: string;
}

/** With few pairs, a curve at SFT share 0 that stays at the base, or does not rise with more pairs. */
export interface StagnationDiagnosis {
  readonly kind: 'preference-stagnation';
  readonly status: DiagnosisStatus;
  /** Score at SFT share 0 less the base's, by budget. */
  readonly gains: readonly { readonly budget: number; readonly pairRows: number; readonly gain: Estimate }[];
  /** Score with the most of these pairs less that with the fewest; null: only one such budget. */
  readonly rise: Estimate | null;
  readonly advice: string;
}

/** A further diagnosis at one cell, with evidence and advice. */
export interface Finding {
  /**
   * `falling-chosen`: chosen answers became at most half as likely as under the reference. `length-hacking`: preference tuning
   * made answers longer, not better. `saturation`: more demonstrations alone no longer help. `buy-more-or-stop`: whether
   * the last doubling of the budget helped; present means stop. `under-trained`: a training stage made fewer than 10
   * optimiser steps.
   */
  readonly kind: 'under-trained' | 'falling-chosen' | 'length-hacking' | 'saturation' | 'buy-more-or-stop';
  readonly budget: number;
  readonly sftFraction: number;
  readonly status: DiagnosisStatus;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  readonly advice: string;
}
