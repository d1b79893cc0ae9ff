import { readFile } from 'node:fs/promises';
import type { LedgerLine, LineOf } from '../schemas/ledger';
import { isMissing, type Store } from '../store';
import { parseHistory, type WorkflowHistory } from './history';

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

/** The stored histories of an experiment. The complete one is preferred to the exported one. */
export async function readHistories(store: Store, lines: readonly LedgerLine[]): Promise<ReadHistory[]> {
  const { paths } = store;
  const read = exportedHistories(lines).map(async (record) => {
    for (const path of [paths.completeHistory(record.runId), paths.history(record.runId)])
      try {
        return [{ record, history: parseHistory(await readFile(path, 'utf8'), path) }];
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    return [];
  });
  return (await Promise.all(read)).flat();
}
