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

/** The sets of rows of stages, by nest, every stage once. */
function nestsIn(stages: readonly PlannedStage[]): PlannedRows[][] {
  const distinct = new Map(stages.filter(makesRows).map((stage) => [stage.key, stage]));
  const nests = new Map<string, PlannedRows[]>();
  for (const stage of distinct.values()) {
    const nest = nestOf(stage);
    nests.set(nest, [...(nests.get(nest) ?? []), stage.rows]);
  }
  return [...nests.values()];
}

const sum = <T>(of: readonly T[], pick: (one: T) => number): number =>
  of.reduce((total, one) => total + pick(one), 0);

/**
 * The purchase of a set of stages when every row is bought once. Verifier calls count for every stage that samples, nested
 * or not.
 */
export function uniquePurchase(stages: readonly PlannedStage[]): Purchase {
  const nests = nestsIn(stages);
  const countOf = (part: PlannedRows['budgetedAs']): number =>
    sum(
      nests.filter(([rows]) => rows!.budgetedAs === part),
      distinctRows,
    );
  return {
    demonstrations: countOf('demonstrations'),
    pairs: countOf('pairs'),
    verifierCalls: sum(nests.flat(), ({ verifierCalls }) => verifierCalls),
  };
}

/** The rows of a cell's purchase; undefined where the cell's split says the same. */
export function boughtApart(
  { demonstrations, pairs }: Purchase,
  { sftRows, pairRows }: Split,
): Bought | undefined {
  return demonstrations === sftRows && pairs === pairRows ? undefined : { demonstrations, pairs };
}

/** US dollars for the rows and samples of stages at list price, every row once. */
export const listPriceUsd = (stages: readonly PlannedStage[]): number =>
  sum(
    nestsIn(stages),
    (nested) =>
      distinctRows(nested) * nested[0]!.usd +
      sum(nested, ({ verifierCalls, sampleUsd }) => verifierCalls * sampleUsd),
  );
