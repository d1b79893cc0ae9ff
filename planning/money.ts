import type { Prices } from '../schemas/definition';
import type { PlannedLabels, PlannedRows, PlannedStage } from '../contracts/stage';
import type { Metrics } from '../contracts/metrics';
import type { Bought } from '../contracts/results';
import type { Split } from './counts';

/** Half a millionth of a dollar, for floating-point error in sums of prices. */
export const usdTolerance = 5e-7;

/** Rows, verifier calls, samples and labels to pay for. */
export interface Purchase extends Bought {
  readonly verifierCalls: number;
  /** Samples that no verifier scores. */
  readonly unscored: number;
  readonly labels: number;
}

/** List prices of one unit, in US dollars. */
export interface ListPrices {
  readonly rowUsd: number;
  /** A verifier call with its sample, or a sample that no verifier scores. A judge's calls are on its bill. */
  readonly callUsd: number;
  readonly labelUsd: number;
}

/** List prices of what a stage buys. */
export function listPricesOf({ rows, makes }: PlannedStage, prices: Prices): ListPrices {
  if (rows === null) return { rowUsd: 0, callUsd: makes === 'scores' ? 0 : prices.verifierCall, labelUsd: 0 };
  const { usd: rowUsd, sampleUsd: callUsd, labels } = rows;
  return { rowUsd, callUsd, labelUsd: labels?.usd ?? 0 };
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

/** Labels of sets of one nest, each once: those of a smaller set are the first of a larger one's. */
const labelsIn = (nested: readonly PlannedRows[]): number =>
  Math.max(0, ...nested.map(({ labels }) => labels?.count ?? 0));

/**
 * The purchase of a set of stages when every row and label is bought once. Samples and verifier calls count for every
 * stage that samples, nested or not.
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
    unscored: sum(nests.flat(), ({ unscored = 0 }) => unscored),
    labels: sum(nests, labelsIn),
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
  sum(nests, (nested) => {
    const [{ usd, labels }] = nested as [PlannedRows];
    return rowsIn(nested) * usd + labelsIn(nested) * (labels?.usd ?? 0);
  });

/** US dollars for the rows and labels of stages at list price, each once, without their samples. */
export const rowsListUsd = (stages: readonly PlannedStage[]): number => rowsUsdOf(nestsIn(stages));

/** US dollars for the rows, labels and samples of stages at list price, every row and label once. */
export function listPriceUsd(stages: readonly PlannedStage[]): number {
  const nests = nestsIn(stages);
  const samplesUsd = ({ verifierCalls, unscored = 0, sampleUsd }: PlannedRows): number =>
    (verifierCalls + unscored) * sampleUsd;
  return rowsUsdOf(nests) + sum(nests.flat(), samplesUsd);
}

/**
 * US dollars that a stage's allowance must cover for a number of labels. The planned ones count whether they are bought or
 * not, because the allowance has their list price; further ones count if others have not bought them.
 *
 * @param free the first labels of the nest, which others have bought
 */
export const labelsUsd = ({ count, usd }: PlannedLabels, labels: number, free: number): number =>
  (count + Math.max(0, labels - Math.max(count, free))) * usd;

/** A finished stage with the number of labels that it has, in place of the expected one. */
export function asMade(stage: PlannedStage, { labels: count }: Partial<Metrics>): PlannedStage {
  const { rows } = stage;
  if (rows?.labels === undefined || count === undefined) return stage;
  return { ...stage, rows: { ...rows, labels: { ...rows.labels, count } } };
}
