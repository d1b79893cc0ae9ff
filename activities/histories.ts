import { createHash } from 'node:crypto';
import { copyFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Context } from '@temporalio/activity';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils';
import type { HistoryRecord } from '../audit';
import { digestFile, ensureDir, writeFileAtomic, type Store } from '../store';
import { packageRoot } from './deps';

type Client = Context['client'];

interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}

/** Runs that a history speaks of: its children's, and its own before and after a continue-as-new. */
function relatedRuns({ workflowId }: RunName, { events }: History): RunName[] {
  const own = (runId: string | null | undefined): RunName[] =>
    runId === null || runId === undefined || runId === '' ? [] : [{ workflowId, runId }];
  return (events ?? []).flatMap((event) => {
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    return [
      ...own(event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId),
      ...own(event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId),
      ...(child ? [{ workflowId: child.workflowId ?? '', runId: child.runId ?? '' }] : []),
    ];
  });
}

async function exportRun(
  store: Store,
  { workflowId, runId }: RunName,
  history: History,
): Promise<Omit<HistoryRecord, 'codeDigest'>> {
  const text = `${historyToJSON(history)}\n`;
  const path = store.paths.history(runId);
  await ensureDir(dirname(path));
  await writeFileAtomic(path, text);
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  return {
    workflowId,
    runId,
    workflowType: started?.workflowType?.name ?? '',
    events: history.events?.length ?? 0,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** The digest of the code under which a run was started, as its memo says. */
async function codeDigestOf(client: Client, { workflowId, runId }: RunName): Promise<string | null> {
  const { memo } = await client.workflow.getHandle(workflowId, runId).describe();
  const digest = memo?.['bundleDigest'];
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? digest : null;
}

/** Keeps the installed workflow code beside the histories that it made, by its digest. */
async function keepCode(store: Store, digest: string): Promise<void> {
  const installed = join(packageRoot(), 'dist', 'workflow-bundle.js');
  const kept = store.paths.code(digest);
  const there = await stat(kept).then(
    () => true,
    () => false,
  );
  if (there || (await digestFile(installed).catch(() => '')) !== digest) return;
  await ensureDir(dirname(kept));
  await copyFile(installed, kept);
}

/**
 * Writes the histories of a workflow run, of its children and of its earlier runs into the store, as Temporal has them
 * now. The run's own ends with the task that asked for this; what follows is its result alone.
 */
export async function exportHistories(store: Store, root: RunName): Promise<HistoryRecord[]> {
  const { client, heartbeat } = Context.current();
  const codeDigest = await codeDigestOf(client, root);
  if (codeDigest !== null) await keepCode(store, codeDigest);
  const records: HistoryRecord[] = [];
  const seen = new Set<string>();
  for (let waiting = [root]; waiting.length > 0;) {
    const [run, ...others] = waiting;
    waiting = others;
    if (run === undefined || seen.has(run.runId)) continue;
    seen.add(run.runId);
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    records.push({ ...(await exportRun(store, run, history)), codeDigest });
    waiting = [...waiting, ...relatedRuns(run, history)];
    heartbeat(records.length);
  }
  return records;
}
