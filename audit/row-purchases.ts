import { paidUsd, type PlannedStage, type StageKey } from '../contracts/stage';
import { makesRows, newRows, type Span, spanOf } from '../planning';
import type { LedgerEntry, LedgerLine, LineOf } from '../schemas/ledger';
import type { Store } from '../store';
import { withChainLock } from './chain-lock';

/** A purchase in the chain of a nest: of rows, or of labels. */
export type NestPurchase = LineOf<'rows-bought' | 'labels-bought'>;

/** The purchases in the chain of a nest of rows. */
export const purchasesIn = (lines: readonly LedgerLine[]): NestPurchase[] =>
  lines.filter((line) => line.type === 'rows-bought' || line.type === 'labels-bought');

/** Number of labels that a purchase reaches to. Rows of pairs that version 0.1 bought are paid with one item's labels each. */
export const labelsUpTo = (purchase: NestPurchase, perItem: number): number =>
  purchase.type === 'labels-bought' ? purchase.upTo : purchase.upTo * perItem;

/** Number of a stage's rows that no purchase has. */
export const unboughtRows = (rows: Span, purchases: readonly NestPurchase[]): number =>
  newRows(
    rows,
    purchases.filter((line) => line.type === 'rows-bought'),
  );

/** Labels of a stage: the first ones of its nest. */
export interface LabelsSoFar {
  readonly upTo: number;
  /** Labels of one item. */
  readonly perItem: number;
}

/** Number of a stage's labels that no purchase has. */
export const unboughtLabels = ({ upTo, perItem }: LabelsSoFar, purchases: readonly NestPurchase[]): number =>
  Math.max(0, upTo - Math.max(0, ...purchases.map((line) => labelsUpTo(line, perItem))));

/** The rows that a stage makes: their nest, and their place in its order; null if it makes none. */
export function nestedRowsOf(stage: PlannedStage): ({ readonly nest: string } & Span) | null {
  return makesRows(stage) ? { nest: stage.nest, ...spanOf(stage.rows) } : null;
}

/** The nests of a stage's rows, in its chain: one, or none. */
export const nestsIn = (lines: readonly LedgerLine[]): string[] => [
  ...new Set(
    lines.flatMap((line) => (line.type === 'attempt-started' && line.rows !== null ? [line.rows.nest] : [])),
  ),
];

/** Who buys. */
export interface Buyer {
  readonly stage: PlannedStage;
  readonly experimentId: string;
}

type PurchaseEntry = Extract<LedgerEntry, { type: NestPurchase['type'] }>;

/** Appends what is missing in a nest. The nest is locked meanwhile, so nothing is bought twice. */
async function buyMissing(
  store: Store,
  nest: string,
  entryFor: (purchases: readonly NestPurchase[]) => PurchaseEntry | undefined,
): Promise<void> {
  if (entryFor(purchasesIn(await store.chain({ nest }).read())) === undefined) return;
  await withChainLock(store, { nest }, async (chain, lock) => {
    const entry = entryFor(purchasesIn(await chain.read()));
    if (entry !== undefined) await chain.append(entry, lock);
  });
}

/**
 * Buys those of a stage's rows that no stage has bought. A second call buys nothing.
 *
 * @param rowUsd list price of one row
 */
export async function buyRows(
  store: Store,
  { stage, experimentId, rowUsd }: Buyer & { readonly rowUsd: number },
): Promise<void> {
  const nested = nestedRowsOf(stage);
  if (nested === null) return;
  const { nest, from, upTo } = nested;
  const { key, kind } = stage;
  await buyMissing(store, nest, (purchases) => {
    const rows = unboughtRows(nested, purchases);
    if (rows === 0) return undefined;
    const place = { nest, stage: key, kind, experimentId, from, upTo };
    return { type: 'rows-bought', ...place, rows, rowUsd, usd: rows * rowUsd };
  });
}

/** The labels of one attempt so far. */
export interface LabelBuyer extends Buyer, LabelsSoFar {
  readonly fence: number;
  /** List price of one label. */
  readonly labelUsd: number;
}

/** Buys those of a stage's labels that no stage has bought. */
export async function buyLabels(
  store: Store,
  { stage, experimentId, fence, upTo, perItem, labelUsd }: LabelBuyer,
): Promise<void> {
  const { key, kind, nest } = stage;
  if (nest === undefined) return;
  await buyMissing(store, nest, (purchases) => {
    const labels = unboughtLabels({ upTo, perItem }, purchases);
    if (labels === 0) return undefined;
    const place = { nest, stage: key, kind, experimentId, fence, upTo, perItem };
    return { type: 'labels-bought', ...place, labels, labelUsd, usd: labels * labelUsd };
  });
}

/** US dollars that a stage paid for rows and labels in a nest. */
export async function boughtUsd(store: Store, nest: string, stage: StageKey): Promise<number> {
  const purchases = purchasesIn(await store.chain({ nest }).read());
  return paidUsd(purchases.filter((line) => line.stage === stage));
}
