import type { Client } from '@temporalio/client';
import { type ListedRun, readStatus, type RunStatus } from '../../client';
import { paidUsd } from '../../contracts/stage';
import type { Store } from '../../store';

/** A listed run, with its progress and cost. */
export interface RunSummary extends ListedRun {
  /** A sweep's cells, else stages. `planned` is null where results or the user's code decide. Null if unknown. */
  readonly done: {
    readonly of: 'cells' | 'stages';
    readonly count: number;
    readonly planned: number | null;
  } | null;
  /** US dollars paid for annotation by finished stages; null if unknown. */
  readonly usd: number | null;
}

const queryLimitMs = 1_000;

/** Runs that are read at the same time. */
const atOnce = 10;

function progressOf({ kind, stages }: ListedRun, { progress }: RunStatus): Pick<RunSummary, 'done' | 'usd'> {
  if (progress === null) return { done: null, usd: null };
  if (progress.of === 'sweep') {
    const { cells, spend } = progress.sweep;
    const count = cells.filter(({ state }) => state === 'done').length;
    return { done: { of: 'cells', count, planned: cells.length }, usd: spend?.usd ?? null };
  }
  const { finished } = progress.experiment;
  const planned = kind === 'experiment' ? (stages?.length ?? null) : null;
  return { done: { of: 'stages', count: finished.length, planned }, usd: paidUsd(finished) };
}

/** A run that cannot be read, e.g. encrypted with another key, is still listed. */
async function summarize(client: Client, store: Store, run: ListedRun): Promise<RunSummary> {
  const { workflowId, runId } = run;
  const status = await readStatus(client, workflowId, { store, runId, queryLimitMs }).catch(() => null);
  return { ...run, ...(status === null ? { done: null, usd: null } : progressOf(run, status)) };
}

/** Reads the progress of listed runs. */
export async function summarizeRuns(
  client: Client,
  store: Store,
  runs: readonly ListedRun[],
): Promise<RunSummary[]> {
  const summaries: RunSummary[] = [];
  for (let at = 0; at < runs.length; at += atOnce)
    summaries.push(
      ...(await Promise.all(runs.slice(at, at + atOnce).map((run) => summarize(client, store, run)))),
    );
  return summaries;
}
