import { openAttempts, recordLostAttempts } from '../audit';
import type { LedgerLine } from '../schemas/ledger';
import { stageMetricsOf } from '../contracts/metrics';
import { zeroCost, type PlannedStage, type StageResult } from '../contracts/stage';
import type { Claim, Store, StoredArtifact } from '../store';
import { callsIn, endedFor } from './usage';

/** Verifier calls of the request that made the artifact, if earlier requests had paid for some. */
function newCallsIn(lines: readonly LedgerLine[]): number | undefined {
  const maker = lines.findLast((line) => line.type === 'attempt-ended' && line.outcome === 'published');
  if (maker?.type !== 'attempt-ended') return undefined;
  const newVerifierCalls = callsIn(endedFor(lines, maker));
  return newVerifierCalls === callsIn(lines) ? undefined : newVerifierCalls;
}

/** What a stage leaves in the history. */
export async function resultOf(
  store: Store,
  stage: PlannedStage,
  { manifest }: StoredArtifact,
  cached: boolean,
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
    newVerifierCalls: cached ? undefined : newCallsIn(await chain.read()),
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
  readonly runId: string;
  /** With the stage's claim, attempts without an end are recorded as lost. */
  readonly claim?: Claim;
}

/**
 * The result of a published stage. Without a claim, also undefined while the ledger has an attempt without
 * an end: its worker is about to record it, or is dead.
 */
export async function findPublished(query: PublishedQuery): Promise<StageResult | undefined> {
  const { store, stage, runId, claim } = query;
  const stored = await store.get({ kind: stage.kind, key: stage.key });
  if (stored === undefined) return undefined;
  const chain = store.chain({ stage: stage.key });
  const lines = claim === undefined ? await chain.read() : await recordLostAttempts(chain, claim);
  if (openAttempts(lines).length > 0) return undefined;
  return resultOf(store, stage, stored, !isOwn(lines, runId));
}
