import type { Estimate } from './estimate';

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

/** The price of a demonstration in pairs. */
export interface PriceRatio {
  /** At the definition's prices. */
  readonly own: number;
  /** 1 where a pair contains a demonstration: then no price of a demonstration makes it more expensive than a pair. */
  readonly most?: number;
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

/**
 * The best SFT share for an amount of money, as a demonstration costs 0.5 to 10 pairs. The range is extended to the
 * definition's own ratio, and ends at 1 where a pair contains a demonstration.
 */
export interface PriceSensitivity {
  /** In the price of a pair. */
  readonly money: number;
  /** Ratio at the definition's prices, also a point of the curve. Left out: unknown, or rows of one kind cost nothing. */
  readonly own?: number;
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
