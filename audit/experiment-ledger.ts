import type { EntryOf, LedgerLine } from '../schemas/ledger';
import type { AnchoredHead } from '../contracts/activities';
import type { Store } from '../store';
import { withChainLock } from './chain-lock';

export type ExperimentOpening = EntryOf<'experiment-opened'>;
export type StageRecord = EntryOf<'stage-recorded'>;
/** A workflow run's history in the store. */
export type HistoryRecord = Omit<EntryOf<'history-exported'>, 'experimentId'>;
export type SteeringRecord = EntryOf<'run-steered'>;

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
  return withChainLock(store, { experiment: opening.experimentId }, async (chain, lock) => {
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
  return withChainLock(store, { experiment: experimentId }, async (chain, lock) => {
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
  return withChainLock(store, { experiment: experimentId }, async (chain, lock) => {
    const lines = await chain.read();
    const missing = records.filter((record) => !lines.some((line) => sameHistory(line, record)));
    for (const record of missing)
      await chain.append({ type: 'history-exported', experimentId, ...record }, lock);
    return { head: (await chain.head()) ?? '', lines: lines.length + missing.length };
  });
}

/** Records who steered a run, once for each request. */
export async function recordSteering(store: Store, record: SteeringRecord): Promise<string> {
  return withChainLock(store, { experiment: record.experimentId }, async (chain, lock) => {
    const known = (await chain.read()).some(
      (line) => line.type === 'run-steered' && line.requestId === record.requestId,
    );
    if (!known) return chain.append({ type: 'run-steered', ...record }, lock);
    return (await chain.head()) ?? '';
  });
}
