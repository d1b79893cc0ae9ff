import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryOf, LedgerLine } from '../schemas/ledger';
import type { AnchoredHead } from '../contracts/activities';
import type { Chain, FenceCheck, Store } from '../store';

export type ExperimentOpening = EntryOf<'experiment-opened'>;
export type StageRecord = EntryOf<'stage-recorded'>;
/** A workflow run's history in the store. */
export type HistoryRecord = Omit<EntryOf<'history-exported'>, 'experimentId'>;
export type SteeringRecord = EntryOf<'run-steered'>;

const lockPollMs = 20;

type LockedWork<T> = (chain: Chain, lock: FenceCheck) => Promise<T>;

/** One writer at a time: each experiment chain is locked by a claim. */
async function withLock<T>(store: Store, experimentId: string, work: LockedWork<T>): Promise<T> {
  const key = createHash('sha256').update(`experiment-ledger ${experimentId}`).digest('hex');
  for (;;) {
    const outcome = await store.claim(key, `ledger of experiment ${experimentId}`);
    if ('claim' in outcome) {
      const { claim } = outcome;
      return work(store.chain({ experiment: experimentId }), claim).finally(() => claim.release());
    }
    await sleep(lockPollMs);
  }
}

function sameOpening(line: LedgerLine, opening: ExperimentOpening): boolean {
  return line.type === 'experiment-opened' && line.definitionDigest === opening.definitionDigest;
}

function sameRecord(line: LedgerLine, record: StageRecord): boolean {
  return (
    line.type === 'stage-recorded' &&
    line.stage === record.stage &&
    line.cached === record.cached &&
    line.artifact === record.artifact &&
    line.stageHead === record.stageHead
  );
}

/** Opens an experiment's chain with its definition. A definition that is already there is not written again. */
export async function openExperimentLedger(store: Store, opening: ExperimentOpening): Promise<string> {
  return withLock(store, opening.experimentId, async (chain, lock) => {
    const known = (await chain.read()).some((line) => sameOpening(line, opening));
    if (!known) return chain.append({ type: 'experiment-opened', ...opening }, lock);
    return (await chain.head()) ?? '';
  });
}

/**
 * Records the stages that an experiment used, with the heads of their chains. Idempotent.
 *
 * @returns the chain's head; null for an empty chain
 */
export async function recordStages(
  store: Store,
  experimentId: string,
  records: readonly StageRecord[],
): Promise<string | null> {
  return withLock(store, experimentId, async (chain, lock) => {
    const lines = await chain.read();
    const missing = records.filter((record) => !lines.some((line) => sameRecord(line, record)));
    for (const record of missing) await chain.append({ type: 'stage-recorded', ...record }, lock);
    return chain.head();
  });
}

function sameHistory(line: LedgerLine, { runId, sha256 }: HistoryRecord): boolean {
  return line.type === 'history-exported' && line.runId === runId && line.sha256 === sha256;
}

/** Records exported histories, each once. Returns the new head, which a workflow anchors in its result. */
export async function recordHistories(
  store: Store,
  experimentId: string,
  records: readonly HistoryRecord[],
): Promise<AnchoredHead> {
  return withLock(store, experimentId, async (chain, lock) => {
    const lines = await chain.read();
    const missing = records.filter((record) => !lines.some((line) => sameHistory(line, record)));
    for (const record of missing)
      await chain.append({ type: 'history-exported', experimentId, ...record }, lock);
    return { head: (await chain.head()) ?? '', lines: lines.length + missing.length };
  });
}

/** Records who steered a run, once for each request. */
export async function recordSteering(store: Store, record: SteeringRecord): Promise<string> {
  return withLock(store, record.experimentId, async (chain, lock) => {
    const known = (await chain.read()).some(
      (line) => line.type === 'run-steered' && line.requestId === record.requestId,
    );
    if (!known) return chain.append({ type: 'run-steered', ...record }, lock);
    return (await chain.head()) ?? '';
  });
}
