import type { Prices } from '../schemas/definition';
import { digestOf } from '../core/digest';
import type { PlannedRows, PlannedStage } from '../contracts/stage';
import type { Bought } from '../contracts/results';
import { inputDigests } from '../stages/keys';
import type { Split } from './counts';

/** Half a millionth of a dollar, for floating-point error in sums of prices. */
export const usdTolerance = 5e-7;

/** Rows and verifier calls to pay for. */
export interface Purchase extends Bought {
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

/**
 * Identifies rows of one order (same seed and annotator, or same reference and `after`): a smaller set is the start of a
 * larger one. The place of rows in their order is no part of it where it is known when they are planned.
 */
export function nestOf(stage: RowsStage): string {
  const { spec, inputs, rows } = stage;
  const place = rows.upTo === undefined ? {} : { skip: undefined };
  const nest = nests.get(stage) ?? digestOf([{ ...spec, ...place, rows: 0 }, inputDigests(inputs)]);
  nests.set(stage, nest);
  return nest;
}

/** Number of rows in sets of one nest, each row once. */
export function distinctRows(sets: readonly PlannedRows[]): number {
  const spans = sets.map(({ count, upTo = count }) => ({ from: upTo - count, upTo }));
  let [rows, end] = [0, -Infinity];
  for (const { from, upTo } of spans.sort((a, b) => a.from - b.from)) {
    rows += Math.max(0, upTo - Math.max(from, end));
    end = Math.max(end, upTo);
  }
  return rows;
}

/**
 * The purchase of a set of stages when every row is bought once. Verifier calls count for every stage that samples, nested
 * or not.
 */
export function uniquePurchase(stages: readonly PlannedStage[]): Purchase {
  const sets = new Map<string, PlannedRows[]>();
  const distinct = new Map<string, PlannedRows>();
  for (const stage of stages.filter(makesRows)) {
    const nest = nestOf(stage);
    distinct.set(stage.key, stage.rows);
    sets.set(nest, [...(sets.get(nest) ?? []), stage.rows]);
  }
  const countOf = (price: PlannedRows['pricedAs']): number =>
    [...sets.values()].reduce(
      (sum, nested) => sum + (nested[0]?.pricedAs === price ? distinctRows(nested) : 0),
      0,
    );
  return {
    demonstrations: countOf('sftExample'),
    pairs: countOf('preferencePair'),
    verifierCalls: [...distinct.values()].reduce((sum, { verifierCalls }) => sum + verifierCalls, 0),
  };
}

/** The rows of a cell's purchase; undefined where the cell's split says the same. */
export function boughtApart(
  { demonstrations, pairs }: Purchase,
  { sftRows, pairRows }: Split,
): Bought | undefined {
  return demonstrations === sftRows && pairs === pairRows ? undefined : { demonstrations, pairs };
}

/** US dollars for the rows and verifier calls of stages at list price, every row once. */
export const listPriceUsd = (prices: Prices, stages: readonly PlannedStage[]): number =>
  annotationUsd(prices, uniquePurchase(stages));
