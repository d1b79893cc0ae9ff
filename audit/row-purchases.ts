import { paidUsd, type PlannedStage, type StageKey } from '../contracts/stage';
import { makesRows, newRows, type Span, spanOf } from '../planning';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import type { Store } from '../store';
import { withChainLock } from './chain-lock';

/** The purchases in the chain of a nest of rows. */
export const purchasesIn = (lines: readonly LedgerLine[]): LineOf<'rows-bought'>[] =>
  lines.filter((line) => line.type === 'rows-bought');

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

/** Who buys rows, and for how much. */
export interface Buyer {
  readonly stage: PlannedStage;
  readonly experimentId: string;
  /** List price of one row. */
  readonly rowUsd: number;
}

/**
 * Buys those of a stage's rows that no stage has bought. The nest is locked meanwhile, so no row is bought twice; a second
 * call buys nothing.
 */
export async function buyRows(store: Store, { stage, experimentId, rowUsd }: Buyer): Promise<void> {
  const nested = nestedRowsOf(stage);
  if (nested === null) return;
  const { nest, from, upTo } = nested;
  const missingIn = (lines: readonly LedgerLine[]): number => newRows(nested, purchasesIn(lines));
  if (missingIn(await store.chain({ nest }).read()) === 0) return;
  await withChainLock(store, { nest }, async (chain, lock) => {
    const rows = missingIn(await chain.read());
    if (rows === 0) return;
    const { key, kind } = stage;
    const place = { nest, stage: key, kind, experimentId, from, upTo };
    await chain.append({ type: 'rows-bought', ...place, rows, rowUsd, usd: rows * rowUsd }, lock);
  });
}

/** US dollars of the rows that a stage bought in a nest. */
export async function boughtUsd(store: Store, nest: string, stage: StageKey): Promise<number> {
  const purchases = purchasesIn(await store.chain({ nest }).read());
  return paidUsd(purchases.filter((line) => line.stage === stage));
}
