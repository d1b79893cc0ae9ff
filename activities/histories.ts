import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils';
import type { HistoryRecord } from '../audit';
import type { Store } from '../store';
import { workflowBundlePath } from '../host/package-files';
import type { StageEnvironment } from './deps';

type Client = Context['client'];

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}

/** Whether a run has a ledger of its own. */
const hasLedger = ({ events }: History): boolean =>
  (events ?? []).some(
    ({ activityTaskScheduledEventAttributes: task }) => task?.activityType?.name === 'openExperiment',
  );

/**
 * Runs whose stages are in the same ledger: cells, and the runs before and after a continue-as-new. Other children are not part
 * of the record.
 */
function relatedRuns({ workflowId }: RunName, { events }: History): RunName[] {
  const own = (runId: string | null | undefined): RunName[] =>
    runId === null || runId === undefined || runId === '' ? [] : [{ workflowId, runId }];
  return (events ?? []).flatMap((event) => {
    const { workflowType, workflowExecution } = event.childWorkflowExecutionStartedEventAttributes ?? {};
    const child = workflowType?.name === 'allocationExperiment' ? workflowExecution : undefined;
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
  await store.write({ history: runId }, text);
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  return {
    workflowId,
    runId,
    workflowType: started?.workflowType?.name ?? '',
    events: history.events?.length ?? 0,
    sha256: sha256(text),
  };
}

/** Digest of the workflow code that the run was started with, from its memo; null if another program started it. */
async function codeDigestOf(client: Client, { workflowId, runId }: RunName): Promise<string | null> {
  const { memo } = await client.workflow.getHandle(workflowId, runId).describe();
  const digest = memo?.['bundleDigest'];
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? digest : null;
}

/**
 * Stores the installed workflow code for the histories that it made.
 *
 * @param digest of the code that made them; null: the installed code did
 */
async function storeCode(store: Store, digest: string | null): Promise<string | null> {
  if (digest !== null && (await store.read({ code: digest })) !== undefined) return digest;
  const code = await readFile(workflowBundlePath).catch(() => undefined);
  if (code === undefined) return digest;
  const installed = sha256(code);
  if (digest !== null && digest !== installed) return digest;
  await store.write({ code: installed }, code);
  return installed;
}

/** Stores the code that made a run's histories, and returns its digest; null if the run does not say. */
async function storeCodeOf(
  { store, workflowBundle }: StageEnvironment,
  root: RunName,
): Promise<string | null> {
  const { client } = Context.current();
  if (workflowBundle === undefined) return storeCode(store, await codeDigestOf(client, root));
  await store.write({ code: workflowBundle.digest }, workflowBundle.code);
  return workflowBundle.digest;
}

/**
 * Exports the histories of a workflow run, its children and its earlier runs into the store. The run's own
 * history ends with the workflow task that scheduled this activity; only its result is missing.
 */
export async function exportHistories(
  environment: StageEnvironment,
  root: RunName,
): Promise<HistoryRecord[]> {
  const { store } = environment;
  const { client, heartbeat } = Context.current();
  const codeDigest = await storeCodeOf(environment, root);
  const records: HistoryRecord[] = [];
  const seen = new Set<string>();
  for (let waiting = [root]; waiting.length > 0;) {
    const [run, ...others] = waiting;
    waiting = others;
    if (run === undefined || seen.has(run.runId)) continue;
    seen.add(run.runId);
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    // A user's workflow may start experiments.
    if (run.workflowId !== root.workflowId && hasLedger(history)) continue;
    records.push({ ...(await exportRun(store, run, history)), codeDigest });
    waiting = [...waiting, ...relatedRuns(run, history)];
    heartbeat(records.length);
  }
  return records;
}
