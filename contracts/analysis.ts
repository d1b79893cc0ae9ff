import type { Coordinates } from './coordinates';
import type { BudgetUnit, ControlKind } from '../schemas/definition';
import type { FailureReason } from './results';

/** An estimate with its 95% interval. Null bounds: unknown. */
export interface Estimate {
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * What the intervals cover. `items`: other test items, conditional on the trained models (one seed). `items-and-seeds`:
 * other test items and training seeds. `seeds`: other training seeds, conditional on the test items (scores without their
 * number of items). `none`: no intervals.
 */
export type IntervalBasis = 'items' | 'items-and-seeds' | 'seeds' | 'none';

/** Style rates of generated answers, 0 … 1, and their mean length. Null: not recorded. */
export interface StyleRates {
  readonly wellFormedRate: number | null;
  readonly truncatedRate: number | null;
  readonly noEosRate: number | null;
  readonly meanTokens: number | null;
  readonly repetitionRate: number | null;
}

/** One trained cell behind a row of the table. */
export interface SeedScore {
  readonly seed: number;
  readonly cellId: string;
  readonly score: number;
}

/** One budget and fraction, seeds pooled. */
export interface CellAnalysis {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  /** US dollars for the rows of one seed. */
  readonly annotationUsd: number;
  readonly seeds: readonly SeedScore[];
  readonly score: Estimate;
  readonly style: StyleRates;
  /** This score less the best score at the same budget, item by item; exactly 0 for the best itself. */
  readonly toBest: Estimate;
  /** Whether it is significantly below the best of its budget (multiple comparison with the best, 95%). Null: no intervals. */
  readonly distinguishable: boolean | null;
  /** Probability of being the best of its budget, 0 … 1; they sum to 1 over a budget. Null: no intervals, or no other split. */
  readonly probabilityBest: number | null;
}

/** SFT shares whose score is at least (1 − epsilon) × the best of the budget, by point estimates. */
export interface NearOptimalRegion {
  readonly epsilon: number;
  readonly fractions: readonly number[];
  readonly low: number;
  readonly high: number;
  /** high − low on the axis of fractions. */
  readonly width: number;
  readonly count: number;
  /**
   * SFT shares by their probability of being in the region, from the joint resamples: certain from 0.95 on, excluded up to
   * 0.05. Null: no intervals.
   */
  readonly settled: {
    readonly certain: readonly number[];
    readonly excluded: readonly number[];
    readonly unsettled: readonly number[];
  } | null;
}

/** |R_from ∩ R_to| / |R_from| for the near-optimal regions of two budgets. */
export interface RegionTransfer {
  readonly epsilon: number;
  readonly from: number;
  readonly to: number;
  /** 0 … 1. */
  readonly share: number;
}

/** The best split of one budget. */
export interface BudgetAnalysis {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly score: Estimate;
  /**
   * The best score less the base model's. The bounds allow for the selection of the best. Null: the base's score is
   * unknown.
   */
  readonly overBase: Estimate | null;
  /** Whether the best is significantly above the base: the lower bound of `overBase` is above 0. Null: no bounds. */
  readonly beatsBase: boolean | null;
  /** Null: no intervals, or no other split. */
  readonly probabilityBest: number | null;
  /** SFT shares with exactly the best score, the best included. */
  readonly tied: readonly number[];
  /** SFT shares that are statistically tied with the best, the best included. */
  readonly indistinguishable: readonly number[];
  /** One for each epsilon: 0.05, then 0.1. */
  readonly regions: readonly NearOptimalRegion[];
  /**
   * The split that one half of the test items selects, scored on the other half: the best score is biased upward on the
   * items that selected it. Null: no items, or one split.
   */
  readonly heldOut: {
    readonly sftFraction: number;
    /** Items of the scoring half. */
    readonly items: number;
    readonly score: Estimate;
  } | null;
}

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
   * `falling-chosen`: chosen answers became less likely than under the reference. `length-hacking`: preference tuning
   * made answers longer, not better. `saturation`: more demonstrations alone no longer help. `buy-more-or-stop`: whether
   * the last doubling of the budget helped; present means stop.
   */
  readonly kind: 'falling-chosen' | 'length-hacking' | 'saturation' | 'buy-more-or-stop';
  readonly budget: number;
  readonly sftFraction: number;
  readonly status: DiagnosisStatus;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  readonly advice: string;
}

/** Gain from more rows of one stage while the other stage's stay the same; both cells were run. */
export interface MarginalGain {
  readonly stage: 'sft' | 'pairs';
  /** Rows of the other stage. */
  readonly otherRows: number;
  readonly fromRows: number;
  readonly toRows: number;
  /** Score of the larger purchase less that of the smaller. */
  readonly gain: Estimate;
  readonly perThousandRows: Estimate;
  /** Per US dollar of annotation; null: the larger purchase does not cost more. */
  readonly perUsd: Estimate | null;
}

/** A cell that no cheaper cell reaches. */
export interface FrontierPoint {
  readonly budget: number;
  readonly sftFraction: number;
  readonly annotationUsd: number;
  readonly score: Estimate;
}

/** A change of the best SFT share as demonstrations become more expensive. */
export interface PriceSwitch {
  /** Price of a demonstration in pairs. */
  readonly ratio: number;
  /** 95% interval; an end of the compared range means "there or outside". Null: no intervals. */
  readonly low: number | null;
  readonly high: number | null;
  readonly fromFraction: number;
  readonly toFraction: number;
}

/** The best SFT share for an amount of money, as a demonstration costs 0.5 to 10 pairs. */
export interface PriceSensitivity {
  /** In the price of a pair. */
  readonly money: number;
  /** Range of ratios where every SFT share's purchase is between measured budgets: a best one is named only there. */
  readonly from: number;
  readonly to: number;
  /** SFT shares with one budget, which cannot be interpolated. */
  readonly skipped: readonly number[];
  readonly switches: readonly PriceSwitch[];
  /** By rising ratio, without extrapolation. */
  readonly curve: readonly {
    readonly ratio: number;
    readonly best: number | null;
    readonly scores: readonly { readonly fraction: number; readonly score: number }[];
  }[];
}

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

/** An auxiliary task at one place in the grid. */
export interface AuxiliaryCell {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly score: Estimate;
  /** Score less the untrained base's, item by item. Null: the base has no score. */
  readonly difference: Estimate | null;
  /** Effect of training. `hurts`: a difference below −margin whose interval excludes 0. */
  readonly effect: ControlEffect;
}

/** Regression check on one auxiliary task. */
export interface AuxiliaryAnalysis {
  readonly name: string;
  /** Name of its score. */
  readonly metric: string;
  /** Test items that comparisons are paired on. 0: no item rows. */
  readonly items: number;
  /** Null: the base's evaluation failed. */
  readonly base: Estimate | null;
  /** By budget, then by falling SFT share. */
  readonly cells: readonly AuxiliaryCell[];
  readonly reading: string;
}

export type ClaimId = 'C1' | 'C2' | 'C3' | 'C4' | 'C5';

/** A verdict on one of the study's five claims, over this sweep's own data. */
export interface ClaimVerdict {
  readonly claim: ClaimId;
  readonly title: string;
  /** The rule in one sentence, with its margin and budgets. */
  readonly rule: string;
  readonly verdict: 'confirmed' | 'refuted' | 'undecided' | 'not tested';
  /** Undecided only: the direction of the numbers. */
  readonly pointsTo: 'for' | 'against' | 'unclear' | null;
  /** True: `pointsTo` is conditional on fewer than three seeds, too small a gain over the base, or failed cells. */
  readonly conditional: boolean;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  /** The deciding sentence of `evidence`: the comparison that is most against the claim. */
  readonly decidedBy: string | null;
  /** True: there are no bounds, and point estimates are compared. */
  readonly pointStatement: boolean;
}

/** A cell that failed, by name. */
export interface FailedCellAnalysis extends FailureReason {
  readonly cellId: string;
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** A control that failed, by name and by the cell that it is compared with. */
export interface FailedControlAnalysis extends FailureReason {
  readonly kind: ControlKind;
  readonly setting?: string;
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** The subject of one analysis. */
export interface SubjectName {
  readonly task: string;
  readonly model: string;
  /** The place on the axes. Left out: no axes. */
  readonly axes?: Coordinates;
}

/** Analysis of one task, base model and place on the axes: plain JSON, for the report, the command line and `--json`. */
export interface SubjectAnalysis extends SubjectName {
  readonly version: 1;
  /** Unit of every `budget`. */
  readonly unit: BudgetUnit;
  /** Null: unknown. */
  readonly annotator: string | null;
  /** Name of the score: the task's metric, such as "accuracy". */
  readonly metric: string;
  /** Seeds that finished in at least one cell. */
  readonly seeds: readonly number[];
  /** Test items that comparisons are paired on. 0: no item rows. */
  readonly items: number;
  readonly intervals: {
    readonly level: 0.95;
    readonly basis: IntervalBasis;
    /** What the intervals cover, for every table. */
    readonly label: string;
    /** Standard deviation between seeds, by budget. Empty: one seed. */
    readonly seedDeviations: readonly { readonly budget: number; readonly deviation: number }[];
  };
  readonly equivalenceMargin: number;
  /** Null: the base model's score is unknown. */
  readonly base: { readonly score: Estimate; readonly style: StyleRates } | null;
  /** Why the base's evaluation failed, if it did. */
  readonly baseFailure?: FailureReason;
  /** By budget, then by falling SFT share. */
  readonly cells: readonly CellAnalysis[];
  readonly budgets: readonly BudgetAnalysis[];
  /** From each budget to each larger one. */
  readonly transfers: readonly RegionTransfer[];
  readonly coldStart: readonly ColdStartDiagnosis[];
  /** Null: SFT share 0 was not run with fewer than 1,000 pairs. */
  readonly stagnation: StagnationDiagnosis | null;
  readonly findings: readonly Finding[];
  readonly gains: readonly MarginalGain[];
  readonly frontier: readonly FrontierPoint[];
  readonly prices: readonly PriceSensitivity[];
  readonly controls: readonly ControlAnalysis[];
  readonly furtherControls: readonly FurtherControl[];
  readonly tuning: readonly TuningAnalysis[];
  readonly failedControls: readonly FailedControlAnalysis[];
  /** Auxiliary tasks. */
  readonly auxiliary: readonly AuxiliaryAnalysis[];
  /** C1 … C5, all five. */
  readonly verdicts: readonly ClaimVerdict[];
  readonly failedCells: readonly FailedCellAnalysis[];
  /** The answer in one plain paragraph. */
  readonly answer: string;
  /** Caveats: cells without item rows, cells with more seed variance than the rest. */
  readonly notes: readonly string[];
}

/** Analysis of a sweep. */
export interface SweepAnalysis extends SubjectAnalysis {
  readonly sweepId: string;
}

/**
 * Key of the base model's items in the input of `analyzeSweep`; cells have their ids, controls `controlIdOf`.
 */
export const baseItemsKey = 'base';
