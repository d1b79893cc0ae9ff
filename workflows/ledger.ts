import {
  CancellationScope,
  ContinueAsNew,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { taskQueues } from '../contracts/stage';
import type { StageResult } from '../contracts/stage';
import type {
  AnchoredHead,
  ExperimentOpeningRequest,
  LedgerActivities,
  RunActivities,
} from '../contracts/activities';
import type { SearchAttribute } from '../contracts/search-attributes';

/** Stages per call. Keeps payloads far below Temporal's limit of 2 MB. */
const stagesPerCall = 500;

const { cancelRun, storeDocument, openExperiment, recordStages, recordSteering } = proxyActivities<
  LedgerActivities & RunActivities
>({
  taskQueue: taskQueues.cpu,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/**
 * Runs on the workflow's own queue: that worker stores its workflow code. Reads and writes one history per cell, so it
 * needs more time.
 */
const { finalizeExperiment } = proxyActivities<LedgerActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

export { cancelRun, storeDocument, recordSteering };

/** Whether the calling run has Budgetline's search attributes. */
export const isIndexed = (): boolean =>
  workflowInfo().typedSearchAttributes.get({ name: 'BudgetlineDigest', type: 'KEYWORD' }) !== undefined;

/**
 * Registers the calling run: opens its ledger, and sets its search attributes unless the client that started it has. A server
 * without these attributes would refuse them for ever.
 */
export async function openLedger(
  request: ExperimentOpeningRequest,
  attributes: readonly SearchAttribute[],
): Promise<void> {
  const { searchable } = await openExperiment(request);
  if (searchable && !isIndexed()) upsertSearchAttributes([...attributes]);
}

/** Records the stages that an experiment used, each once. */
export async function recordAll(experimentId: string, results: readonly StageResult[]): Promise<void> {
  const records = results.map(({ key, kind, cached, digest, ledgerHead }) => ({
    key,
    kind,
    cached,
    digest,
    ledgerHead,
  }));
  const unique = [...new Map(records.map((record) => [record.key, record])).values()];
  for (let start = 0; start < unique.length; start += stagesPerCall)
    await recordStages({ experimentId, stages: unique.slice(start, start + stagesPerCall) });
}

/** Records the last stages of an experiment, exports its histories and seals its ledger. */
export async function sealLedger(
  experimentId: string,
  results: readonly StageResult[],
): Promise<AnchoredHead> {
  await recordAll(experimentId, results);
  return finalizeExperiment({ experimentId });
}

/** Runs `work`. If it fails or is cancelled, calls `record` first and then rethrows, even if recording fails. */
export async function recordOnFailure<T>(work: () => Promise<T>, record: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ContinueAsNew))
      await CancellationScope.nonCancellable(record).catch(() => undefined);
    throw error;
  }
}
