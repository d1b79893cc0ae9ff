import type { Prices } from '../schemas/definition';
import { digestOf } from '../core/digest';
import type { PlannedRows, PlannedStage } from '../contracts/stage';
import { inputDigests } from '../stages/keys';

/** Half a millionth of a dollar, for floating-point error in sums of prices. */
export const usdTolerance = 5e-7;

/** Rows and verifier calls to pay for. */
export interface Purchase {
  readonly demonstrations: number;
  readonly pairs: number;
  readonly verifierCalls: number;
}

/** US dollars for a purchase. */
export function annotationUsd(prices: Prices, { demonstrations, pairs, verifierCalls }: Purchase): number {
  return (
    demonstrations * prices.sftExample + pairs * prices.preferencePair + verifierCalls * prices.verifierCall
  );
}

/** US dollars for one row. */
export function rowPrice(prices: Prices, { pricedAs }: PlannedRows): number {
  return pricedAs === null ? 0 : prices[pricedAs];
}

/** A stage that makes rows. */
export type RowsStage = PlannedStage & { readonly rows: PlannedRows };

export const makesRows = <S extends PlannedStage>(stage: S): stage is S & RowsStage => stage.rows !== null;

/** Digests of stages whose nest was asked for: a plan asks many times. */
const nests = new WeakMap<RowsStage, string>();

/** Identifies nested rows (same seed and annotator, or same reference): a smaller set is the start of a larger one. */
export function nestOf(stage: RowsStage): string {
  const { spec, inputs } = stage;
  const nest = nests.get(stage) ?? digestOf([{ ...spec, rows: 0 }, inputDigests(inputs)]);
  nests.set(stage, nest);
  return nest;
}

/**
 * The purchase of a set of stages when every row is bought once: of nested rows, the largest set. Verifier calls count
 * for every stage that samples, nested or not.
 */
export function uniquePurchase(stages: readonly PlannedStage[]): Purchase {
  const largest = new Map<string, PlannedRows>();
  const distinct = new Map<string, PlannedRows>();
  for (const stage of stages.filter(makesRows)) {
    const nest = nestOf(stage);
    distinct.set(stage.key, stage.rows);
    if ((largest.get(nest)?.count ?? 0) < stage.rows.count) largest.set(nest, stage.rows);
  }
  const countOf = (price: PlannedRows['pricedAs']): number =>
    [...largest.values()].reduce((sum, { pricedAs, count }) => sum + (pricedAs === price ? count : 0), 0);
  return {
    demonstrations: countOf('sftExample'),
    pairs: countOf('preferencePair'),
    verifierCalls: [...distinct.values()].reduce((sum, { verifierCalls }) => sum + verifierCalls, 0),
  };
}
