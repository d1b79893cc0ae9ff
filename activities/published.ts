import { type ActivityRef, openAttempts, paymentsFor, recordLostAttempts } from '../audit';
import type { LedgerLine } from '../schemas/ledger';
import { stageMetricsOf } from '../contracts/metrics';
import { paidUsd, zeroCost, type PlannedStage, type StageResult } from '../contracts/stage';
import type { Claim, Store, StoredArtifact } from '../store';
import { billsOf } from './usage';

/** What a request paid: in all, and for rows at list price. */
function paidBy(
  ref: ActivityRef,
  { rows }: PlannedStage,
  lines: readonly LedgerLine[],
): Pick<StageResult, 'usd' | 'rowsUsd'> {
  const paid = paymentsFor(lines, ref);
  const areListed = rows !== null && billsOf(lines).length === 0;
  return {
    usd: paidUsd(paid),
    rowsUsd: areListed ? paid.reduce((sum, { rowsUsd }) => sum + rowsUsd, 0) : undefined,
  };
}

/** What a stage leaves in the history. */
export async function resultOf(
  store: Store,
  stage: PlannedStage,
  { manifest }: StoredArtifact,
  { cached, ref }: { readonly cached: boolean; readonly ref: ActivityRef },
): Promise<StageResult> {
  const { warnings, cost } = manifest.made;
  const chain = store.chain({ stage: stage.key });
  return {
    key: stage.key,
    kind: stage.kind,
    makes: stage.makes,
    title: stage.title,
    digest: manifest.digest,
    cached,
    ledgerHead: await chain.head(),
    ...stageMetricsOf(manifest),
    rowSource: stage.rows?.source,
    cost: cached ? zeroCost : cost,
    ...paidBy(ref, stage, await chain.read()),
    warnings: warnings.length === 0 ? undefined : warnings,
  };
}

/** Whether the last attempt belongs to this workflow run: its worker died between publishing and reporting. */
function isOwn(lines: readonly LedgerLine[], runId: string): boolean {
  const last = lines.filter((line) => line.type === 'attempt-started').at(-1);
  return last?.runId === runId;
}

export interface PublishedQuery {
  readonly store: Store;
  readonly stage: PlannedStage;
  /** The request that asks. */
  readonly ref: ActivityRef;
  /** With the stage's claim, attempts without an end are recorded as lost. */
  readonly claim?: Claim;
}

/**
 * The result of a published stage. Without a claim, also undefined while the ledger has an attempt without
 * an end: its worker is about to record it, or is dead.
 */
export async function findPublished(query: PublishedQuery): Promise<StageResult | undefined> {
  const { store, stage, ref, claim } = query;
  const stored = await store.get({ kind: stage.kind, key: stage.key });
  if (stored === undefined) return undefined;
  const chain = store.chain({ stage: stage.key });
  const lines =
    claim === undefined
      ? await chain.read()
      : await recordLostAttempts(chain, claim, { maker: stored.manifest.made });
  if (openAttempts(lines).length > 0) return undefined;
  return resultOf(store, stage, stored, { cached: !isOwn(lines, ref.runId), ref });
}
