import type { Prices } from '../schemas/definition';
import type { PlannedRows, PlannedStage } from '../contracts/stage';
import type { Bought } from '../contracts/results';
import type { Split } from './counts';

/** Half a millionth of a dollar, for floating-point error in sums of prices. */
export const usdTolerance = 5e-7;

/** Rows and verifier calls to pay for. */
export interface Purchase extends Bought {
  readonly verifierCalls: number;
}

/** List prices of one row of a stage, and of one verifier call with its sample. A judge's calls are on its bill. */
export function listPricesOf(
  { rows, makes }: PlannedStage,
  prices: Prices,
): { readonly rowUsd: number; readonly callUsd: number } {
  if (rows !== null) return { rowUsd: rows.usd, callUsd: rows.sampleUsd };
  return { rowUsd: 0, callUsd: makes === 'scores' ? 0 : prices.verifierCall };
}

/** A stage that makes rows. */
export type RowsStage = PlannedStage & { readonly rows: PlannedRows; readonly nest: string };

export const makesRows = <S extends PlannedStage>(stage: S): stage is S & RowsStage => stage.rows !== null;

/** Rows of a nest: those from `from` to before `upTo`, counted from the first row of its order. */
export interface Span {
  readonly from: number;
  readonly upTo: number;
}

export const spanOf = ({ count, upTo = count }: PlannedRows): Span => ({ from: upTo - count, upTo });

/** Number of rows in spans of one nest, each row once. */
export function countRows(spans: readonly Span[]): number {
  let [rows, end] = [0, -Infinity];
  for (const { from, upTo } of [...spans].sort((a, b) => a.from - b.from)) {
    rows += Math.max(0, upTo - Math.max(from, end));
    end = Math.max(end, upTo);
  }
  return rows;
}

/** Number of a span's rows that no other span has. */
export const newRows = (span: Span, others: readonly Span[]): number =>
  countRows([...others, span]) - countRows(others);

/** The sets of rows of stages, by nest, every stage once. */
function nestsIn(stages: readonly PlannedStage[]): PlannedRows[][] {
  const distinct = new Map(stages.filter(makesRows).map((stage) => [stage.key, stage]));
  const nests = new Map<string, PlannedRows[]>();
  for (const { nest, rows } of distinct.values()) nests.set(nest, [...(nests.get(nest) ?? []), rows]);
  return [...nests.values()];
}

const sum = <T>(of: readonly T[], pick: (one: T) => number): number =>
  of.reduce((total, one) => total + pick(one), 0);

/** Number of rows in sets of one nest, each row once. */
const rowsIn = (nested: readonly PlannedRows[]): number => countRows(nested.map(spanOf));

/**
 * The purchase of a set of stages when every row is bought once. Verifier calls count for every stage that samples, nested
 * or not.
 */
export function uniquePurchase(stages: readonly PlannedStage[]): Purchase {
  const nests = nestsIn(stages);
  const countOf = (part: PlannedRows['budgetedAs']): number =>
    sum(
      nests.filter(([rows]) => rows!.budgetedAs === part),
      rowsIn,
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

const rowsUsdOf = (nests: readonly PlannedRows[][]): number =>
  sum(nests, (nested) => rowsIn(nested) * nested[0]!.usd);

/** US dollars for the rows of stages at list price, every row once, without their samples. */
export const rowsListUsd = (stages: readonly PlannedStage[]): number => rowsUsdOf(nestsIn(stages));

/** US dollars for the rows and samples of stages at list price, every row once. */
export function listPriceUsd(stages: readonly PlannedStage[]): number {
  const nests = nestsIn(stages);
  return rowsUsdOf(nests) + sum(nests.flat(), ({ verifierCalls, sampleUsd }) => verifierCalls * sampleUsd);
}
