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
