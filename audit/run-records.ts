import type { LedgerLine, LineOf } from '../schemas/ledger';
import type { RecordId, Store } from '../store';
import { parseHistory, type WorkflowHistory } from './history';

/** The first line of an experiment's chain; undefined if it is another one. A crash may have torn the very first, which was repaired. */
export function openingOf(lines: readonly LedgerLine[]): LineOf<'experiment-opened'> | undefined {
  const first = lines.find(({ type }) => type !== 'line-healed');
  return first?.type === 'experiment-opened' ? first : undefined;
}

/** The stages in an experiment's chain; the last record of each. */
export function recordedStages(lines: readonly LedgerLine[]): LineOf<'stage-recorded'>[] {
  const records = lines.filter((line) => line.type === 'stage-recorded');
  return [...new Map(records.map((record) => [record.stage, record])).values()];
}

/** The histories in an experiment's chain; the last record of each run. */
export function exportedHistories(lines: readonly LedgerLine[]): LineOf<'history-exported'>[] {
  const exported = lines.filter((line) => line.type === 'history-exported');
  return [...new Map(exported.map((record) => [record.runId, record])).values()];
}

/** A run's history with its line in the ledger. */
export interface ReadHistory {
  readonly record: LineOf<'history-exported'>;
  readonly history: WorkflowHistory;
}

/** A stored history; undefined if there is none. Throws DATA_INVALID. */
export async function readHistory(store: Store, id: RecordId): Promise<WorkflowHistory | undefined> {
  const bytes = await store.read(id);
  return bytes === undefined ? undefined : parseHistory(bytes.toString('utf8'), store.placeOf(id));
}

/** The stored histories of an experiment. The complete one is preferred to the exported one. */
export async function readHistories(store: Store, lines: readonly LedgerLine[]): Promise<ReadHistory[]> {
  const read = exportedHistories(lines).map(async (record) => {
    const { runId } = record;
    const history =
      (await readHistory(store, { completeHistory: runId })) ??
      (await readHistory(store, { history: runId }));
    return history === undefined ? [] : [{ record, history }];
  });
  return (await Promise.all(read)).flat();
}
