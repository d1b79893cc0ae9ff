import type { Coordinates } from './coordinates';
import type { BudgetUnit, ControlKind } from '../schemas/definition';
import type { FailureReason } from './results';

/** A figure with its 95 % interval; the bounds are null where nothing says how sure it is. */
export interface Estimate {
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * What the intervals stand for. `items`: other test items, the same trained models (one seed, or none to compare).
 * `items-and-seeds`: other test items and other training seeds. `seeds`: other training seeds, the same test items
 * (scores that came without their number of items). `none`: bare scores, no intervals.
 */
export type IntervalBasis = 'items' | 'items-and-seeds' | 'seeds' | 'none';

/** Style rates of generated answers, 0 … 1, and their mean length; null where they were not recorded. */
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
  /** Whether it can be told from the best of its budget (multiple comparison with the best, 95 %). Null without intervals. */
  readonly distinguishable: boolean | null;
  /** Probability of being the best of its budget, 0 … 1; over a budget they sum to 1. Null without intervals and alone. */
  readonly probabilityBest: number | null;
}

/** All fractions whose score is at least (1 − epsilon) × the best of the budget, by the scores as they stand. */
export interface NearOptimalRegion {
  readonly epsilon: number;
  readonly fractions: readonly number[];
  readonly low: number;
  readonly high: number;
  /** high − low on the axis of fractions. */
  readonly width: number;
  readonly count: number;
  /**
   * Fractions by the probability of lying in the region, from the joint draws: certain from .95 on, excluded up to .05.
   * Null without intervals.
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

/** Which split to buy at one budget. */
export interface BudgetAnalysis {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly score: Estimate;
  /**
   * The best score less the base model's; the bounds allow for the best having been chosen among the splits. Null
   * where the base's score is not known.
   */
  readonly overBase: Estimate | null;
  /** Whether the best is above the base beyond doubt: the lower bound of `overBase` is above 0. Null without bounds. */
  readonly beatsBase: boolean | null;
  /** Null without intervals, and where no other split was run. */
  readonly probabilityBest: number | null;
  /** Fractions with exactly the best score, the best included. */
  readonly tied: readonly number[];
  /** Fractions that the data cannot tell from the best, the best included. */
  readonly indistinguishable: readonly number[];
  /** One for each epsilon: .05, then .1. */
  readonly regions: readonly NearOptimalRegion[];
  /**
   * What one half of the test items chooses, scored on the other half: free of the flattery that a highest score gets
   * from the items that made it the highest. Null where there are no items to halve, or nothing to choose among.
   */
  readonly heldOut: {
    readonly sftFraction: number;
    /** Items of the scoring half. */
    readonly items: number;
    readonly score: Estimate;
  } | null;
}

export type DiagnosisStatus = 'present' | 'absent' | 'unclear';

/** One figure that speaks for or against a diagnosis. */
export interface DiagnosisEvidence {
  readonly metric:
    'score' | 'wellFormedRate' | 'truncatedRate' | 'noEosRate' | 'meanTokens' | 'repetitionRate';
  /** At r = 0. */
  readonly cold: number;
  /** At the smallest fraction above 0. */
  readonly warm: number;
  /** Of the base model; null where it is not known. */
  readonly base: number | null;
  /** warm − cold. */
  readonly difference: Estimate;
  /** Cohen's h for rates, standardised mean difference for lengths; null where the items are not at hand. */
  readonly effect: number | null;
  readonly speaks: 'for' | 'against' | 'neither';
}

/** r = 0 against the smallest warm start of the same budget. */
export interface ColdStartDiagnosis {
  readonly kind: 'cold-start';
  readonly budget: number;
  readonly status: DiagnosisStatus;
  /**
   * By the effect of the warm start on the score: Cohen's h under .5, under .8, or more; moderate at least where r = 0
   * has less than half of what the warm start gains over the base. Null unless present.
   */
  readonly strength: 'mild' | 'moderate' | 'strong' | null;
  /** Gain of r = 0 over the base as a share of the warm start's; null where the base or a gain is missing. */
  readonly recovered: number | null;
  readonly warmFraction: number;
  readonly warmSftRows: number;
  /** The smallest fraction above 0 that scores above r = 0 beyond doubt and by more than delta; null where none does. */
  readonly repairedBy: number | null;
  readonly evidence: readonly DiagnosisEvidence[];
  readonly advice: string;
}

/** A curve of r = 0 that stays at the base model's level, or does not rise as pairs are added, with few pairs. */
export interface StagnationDiagnosis {
  readonly kind: 'preference-stagnation';
  readonly status: DiagnosisStatus;
  /** Score at r = 0 less the base's, by budget. */
  readonly gains: readonly { readonly budget: number; readonly pairRows: number; readonly gain: Estimate }[];
  /** Score with the most of these pairs less that with the fewest; null where r = 0 was run at one such budget. */
  readonly rise: Estimate | null;
  readonly advice: string;
}

/** A further diagnosis at one cell, with its numbers and what follows. */
export interface Finding {
  /**
   * `falling-chosen`: chosen answers became less likely than under the reference. `length-hacking`: preference tuning
   * made answers longer, not better. `saturation`: demonstrations alone have stopped paying. `buy-more-or-stop`:
   * whether the last doubling of the budget paid; present is stop.
   */
  readonly kind: 'falling-chosen' | 'length-hacking' | 'saturation' | 'buy-more-or-stop';
  readonly budget: number;
  readonly sftFraction: number;
  readonly status: DiagnosisStatus;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  readonly advice: string;
}

/** What more rows of one stage buy while the other stage's rows stay as they are; both cells were run. */
export interface MarginalGain {
  readonly stage: 'sft' | 'pairs';
  /** Rows of the other stage. */
  readonly otherRows: number;
  readonly fromRows: number;
  readonly toRows: number;
  /** Score of the larger purchase less that of the smaller. */
  readonly gain: Estimate;
  readonly perThousandRows: Estimate;
  /** Per US dollar of annotation; null where the larger purchase is not dearer. */
  readonly perUsd: Estimate | null;
}

/** A cell that no cheaper cell reaches. */
export interface FrontierPoint {
  readonly budget: number;
  readonly sftFraction: number;
  readonly annotationUsd: number;
  readonly score: Estimate;
}

/** Where the best fraction changes as demonstrations become dearer. */
export interface PriceSwitch {
  /** Price of a demonstration in pairs. */
  readonly ratio: number;
  /** 95 % interval; an end of the compared range means "there or beyond". Null without intervals. */
  readonly low: number | null;
  readonly high: number | null;
  readonly fromFraction: number;
  readonly toFraction: number;
}

/** Which fraction one amount of money buys best, as a demonstration costs .5 to 10 pairs. */
export interface PriceSensitivity {
  /** In the price of a pair. */
  readonly money: number;
  /** Ratios between which every fraction's purchase lies within what was measured: only there is a best one named. */
  readonly from: number;
  readonly to: number;
  /** Fractions that were run at one budget alone, so that nothing lies between. */
  readonly skipped: readonly number[];
  readonly switches: readonly PriceSwitch[];
  /** By rising ratio; fractions outside of what was measured are left out, never extrapolated. */
  readonly curve: readonly {
    readonly ratio: number;
    readonly best: number | null;
    readonly scores: readonly { readonly fraction: number; readonly score: number }[];
  }[];
}

/** What a control says; `none` is a difference within ± delta beyond doubt. */
export type ControlEffect = 'helps' | 'none' | 'hurts' | 'unclear';

/** The winning mixture beside plain SFT on the chosen answers of its pairs, or on right samples of its warm start. */
export interface ControlAnalysis {
  readonly kind: 'sft-on-chosen' | 'rejection-sampling';
  readonly budget: number;
  readonly sftFraction: number;
  readonly mixture: Estimate;
  readonly control: Estimate;
  /** Mixture less control: what the preference loss adds to the same data, or pairs to right samples. */
  readonly difference: Estimate;
  /** Control less pure SFT at the same budget: what its data alone add; null where r = 1 was not run. */
  readonly overPureSft: Estimate | null;
  /** What the difference says about preference tuning. */
  readonly lossEffect: ControlEffect;
  readonly reading: string;
}

/** What one may try in place of training, or of a warm start. */
export interface FurtherControl {
  /** `few-shot`: the untrained base with demonstrations in its prompt. `dpo-nll`: r = 0 with a likelihood term. */
  readonly kind: 'few-shot' | 'dpo-nll';
  /** Null for the base, which no budget touches. */
  readonly budget: number | null;
  readonly control: Estimate;
  /** The base without demonstrations; r = 0 as defined. */
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
  /** Its score less that of the split that wins as defined, both under this setting; null where it is that split. */
  readonly overDefined: Estimate | null;
  readonly scores: readonly { readonly sftFraction: number; readonly score: Estimate }[];
}

/** Whether another learning rate or β changes which split is best at one budget. */
export interface TuningAnalysis {
  readonly kind: 'learning-rate' | 'beta';
  readonly budget: number;
  /** As defined, then the others. */
  readonly settings: readonly TunedWinner[];
  /** `yes`: under some setting another split is surely above the one that wins as defined. */
  readonly changes: 'no' | 'yes' | 'unclear';
  readonly reading: string;
}

/** An unrelated task at one place in the grid. */
export interface AuxiliaryCell {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly score: Estimate;
  /** Less the untrained base, item by item; null where that has no score. */
  readonly difference: Estimate | null;
  /** What training has done to it: `hurts` is a difference below −delta whose interval leaves out 0. */
  readonly effect: ControlEffect;
}

/** What training costs on a task that it was not for. */
export interface AuxiliaryAnalysis {
  readonly name: string;
  /** Name of its score. */
  readonly metric: string;
  /** Its test items that comparisons are paired on; 0 where no item rows were at hand. */
  readonly items: number;
  /** Null where the base's evaluation failed. */
  readonly base: Estimate | null;
  /** By budget, then by falling fraction. */
  readonly cells: readonly AuxiliaryCell[];
  readonly reading: string;
}

export type ClaimId = 'C1' | 'C2' | 'C3' | 'C4' | 'C5';

/** A verdict on one of the study's five claims, over this sweep's own data. */
export interface ClaimVerdict {
  readonly claim: ClaimId;
  readonly title: string;
  /** The rule in one sentence, with delta and the budgets that it was applied to. */
  readonly rule: string;
  readonly verdict: 'confirmed' | 'refuted' | 'undecided' | 'not tested';
  /** Where undecided: what the numbers point to. Null otherwise. */
  readonly pointsTo: 'for' | 'against' | 'unclear' | null;
  /** True where `pointsTo` is a conditional reading: fewer than three seeds, too little above the base, failed cells. */
  readonly conditional: boolean;
  /** Sentences with the numbers. */
  readonly evidence: readonly string[];
  /** The one of them that the reading hangs on: the comparison that speaks most against the claim. */
  readonly decidedBy: string | null;
  /** True where there are no bounds: the numbers are compared as they stand. */
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

/** Whose cells are told of together. */
export interface SubjectName {
  readonly task: string;
  readonly model: string;
  /** The place on the axes; left out where there are none. */
  readonly axes?: Coordinates;
}

/** What the cells of one task, base model and place on the axes say: plain JSON, for the report, the command line and `--json`. */
export interface SubjectAnalysis extends SubjectName {
  readonly version: 1;
  /** What every `budget` here is counted in. */
  readonly unit: BudgetUnit;
  /** Null: unknown. */
  readonly annotator: string | null;
  /** Name of the score: the task's metric, such as "accuracy". */
  readonly metric: string;
  /** Seeds that finished in at least one cell. */
  readonly seeds: readonly number[];
  /** Test items that every comparison is paired on; 0 where no item rows were at hand. */
  readonly items: number;
  readonly intervals: {
    readonly level: 0.95;
    readonly basis: IntervalBasis;
    /** To stand beside every table: what the intervals cover and what they do not. */
    readonly label: string;
    /** Standard deviation between seeds, by budget, where there are several. */
    readonly seedDeviations: readonly { readonly budget: number; readonly deviation: number }[];
  };
  readonly equivalenceMargin: number;
  /** Null where the base model's score is not known. */
  readonly base: { readonly score: Estimate; readonly style: StyleRates } | null;
  /** Why it is not known, where its evaluation failed. */
  readonly baseFailure?: FailureReason;
  /** By budget, then by falling fraction. */
  readonly cells: readonly CellAnalysis[];
  readonly budgets: readonly BudgetAnalysis[];
  /** From each budget to each larger one. */
  readonly transfers: readonly RegionTransfer[];
  readonly coldStart: readonly ColdStartDiagnosis[];
  /** Null where r = 0 was not run with fewer than 1,000 pairs. */
  readonly stagnation: StagnationDiagnosis | null;
  readonly findings: readonly Finding[];
  readonly gains: readonly MarginalGain[];
  readonly frontier: readonly FrontierPoint[];
  readonly prices: readonly PriceSensitivity[];
  readonly controls: readonly ControlAnalysis[];
  readonly furtherControls: readonly FurtherControl[];
  readonly tuning: readonly TuningAnalysis[];
  readonly failedControls: readonly FailedControlAnalysis[];
  /** Unrelated tasks that were evaluated beside. */
  readonly auxiliary: readonly AuxiliaryAnalysis[];
  /** C1 … C5, all five. */
  readonly verdicts: readonly ClaimVerdict[];
  readonly failedCells: readonly FailedCellAnalysis[];
  /** The answer in one plain paragraph. */
  readonly answer: string;
  /** What a careful reader must know besides: cells without item rows, cells more variable than the rest. */
  readonly notes: readonly string[];
}

/** What a sweep says. */
export interface SweepAnalysis extends SubjectAnalysis {
  readonly sweepId: string;
}

/**
 * Key of the base model's items in the map that `analyzeSweep` is given; cells stand under their own ids,
 * controls under `controlIdOf`.
 */
export const baseItemsKey = 'base';
