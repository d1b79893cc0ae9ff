import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryOf, LedgerLine } from '../schemas/ledger';
import type { AnchoredHead } from '../contracts/stage';
import type { Store } from '../store';
import { appendLine, ledgerHead, readLedger } from './ledger';

export type ExperimentOpening = EntryOf<'experiment-opened'>;
export type StageRecord = EntryOf<'stage-recorded'>;
/** A workflow run's history in the store. */
export type HistoryRecord = Omit<EntryOf<'history-exported'>, 'experimentId'>;
export type SteeringRecord = EntryOf<'run-steered'>;

const lockPollMs = 20;

/** One writer at a time: each experiment chain is locked by a claim. */
async function withLock<T>(store: Store, experimentId: string, work: () => Promise<T>): Promise<T> {
  const key = createHash('sha256').update(`experiment-ledger ${experimentId}`).digest('hex');
  for (;;) {
    const outcome = await store.claim(key, `ledger of experiment ${experimentId}`);
    if ('claim' in outcome) return work().finally(() => outcome.claim.release());
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
  const path = store.paths.experimentLedger(opening.experimentId);
  return withLock(store, opening.experimentId, async () => {
    const known = (await readLedger(path)).some((line) => sameOpening(line, opening));
    if (!known) return appendLine(path, { type: 'experiment-opened', ...opening });
    return (await ledgerHead(path)) ?? '';
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
  const path = store.paths.experimentLedger(experimentId);
  return withLock(store, experimentId, async () => {
    const lines = await readLedger(path);
    const missing = records.filter((record) => !lines.some((line) => sameRecord(line, record)));
    for (const record of missing) await appendLine(path, { type: 'stage-recorded', ...record });
    return ledgerHead(path);
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
  const path = store.paths.experimentLedger(experimentId);
  return withLock(store, experimentId, async () => {
    const lines = await readLedger(path);
    const missing = records.filter((record) => !lines.some((line) => sameHistory(line, record)));
    for (const record of missing)
      await appendLine(path, { type: 'history-exported', experimentId, ...record });
    return { head: (await ledgerHead(path)) ?? '', lines: lines.length + missing.length };
  });
}

/** Records who steered a run, once for each request. */
export async function recordSteering(store: Store, record: SteeringRecord): Promise<string> {
  const path = store.paths.experimentLedger(record.experimentId);
  return withLock(store, record.experimentId, async () => {
    const known = (await readLedger(path)).some(
      (line) => line.type === 'run-steered' && line.requestId === record.requestId,
    );
    if (!known) return appendLine(path, { type: 'run-steered', ...record });
    return (await ledgerHead(path)) ?? '';
  });
}
