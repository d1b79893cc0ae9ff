import type { Bought, ControlIdentity } from '../results';
import type { Estimate, StyleRates } from './estimate';

/** Scores closer than this are equal: they differ by rounding alone. */
export const tie = 1e-9;

/** One trained cell behind a row of the table. */
export interface SeedScore {
  readonly seed: number;
  readonly cellId: string;
  readonly score: number;
}

/** Rows of a split, and those that its pipeline bought with the first seed where they differ. */
export interface SplitRows {
  readonly sftRows: number;
  readonly pairRows: number;
  readonly bought?: Bought;
}

/** One budget and fraction, seeds pooled. */
export interface CellAnalysis extends SplitRows {
  readonly budget: number;
  readonly sftFraction: number;
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

/** Scores on test items that chose nothing. */
export interface TestScore {
  readonly score: Estimate;
  /** Less the base model, item by item. Null: the base itself, or it has no score on test items. */
  readonly aboveBase: Estimate | null;
  readonly items: number;
}

/** What was chosen by validation items, on test items: the base model, the best split of a budget or its control. */
export interface TestAnalysis extends TestScore {
  /** Null: the base model, with or without demonstrations in its prompt. */
  readonly budget: number | null;
  readonly sftFraction: number | null;
  /** Null: no control. */
  readonly control: Pick<ControlIdentity, 'kind' | 'setting'> | null;
}

/** The best split of one budget. */
export interface BudgetAnalysis extends SplitRows {
  readonly budget: number;
  readonly sftFraction: number;
  readonly score: Estimate;
  /**
   * The best score less the base model's. The bounds allow for the selection of the best. Null: the base's score is
   * unknown.
   */
  readonly overBase: Estimate | null;
  /** Its score on test items. Null: cells are compared on test items, or its evaluation failed. */
  readonly test: TestScore | null;
  /**
   * Whether the best is significantly above the base: the lower bound of `test.aboveBase`, or else of `overBase`, is
   * above 0. Null: no bounds.
   */
  readonly beatsBase: boolean | null;
  /** Null: no intervals, or no other split. */
  readonly probabilityBest: number | null;
  /** SFT shares without a score: their cells failed, or the spend limit skipped them. Cells that a search skips do not count. */
  readonly missing: readonly number[];
  /** Why no split is named the best. Null: one is. */
  readonly noWinner: 'missing-split' | 'only-split' | 'all-tied' | null;
  /** SFT shares with exactly the best score, the best included. */
  readonly tied: readonly number[];
  /** SFT shares that are statistically tied with the best, the best included. */
  readonly indistinguishable: readonly number[];
  /** One for each epsilon: 0.05, then 0.1. */
  readonly regions: readonly NearOptimalRegion[];
  /**
   * The split that one half of the test items selects, scored on the other half: the best score is biased upward on the
   * items that selected it. Null: no items, one split, or cells are compared on validation items.
   */
  readonly heldOut: {
    readonly sftFraction: number;
    /** Items of the scoring half. */
    readonly items: number;
    readonly score: Estimate;
  } | null;
}
