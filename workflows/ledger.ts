import { CancellationScope, ContinueAsNew, proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../contracts/stage';
import type { AnchoredHead, LedgerActivities, RunActivities, StageResult } from '../contracts/stage';

/** Stages a call, so that no payload comes near Temporal's limit of 2 MB. */
const stagesACall = 500;

const { cancelRun, keepDocument, openExperiment, recordStages, recordSteering } = proxyActivities<
  LedgerActivities & RunActivities
>({
  taskQueue: taskQueues.cpu,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Reads and writes one history a cell. */
const { finalizeExperiment } = proxyActivities<LedgerActivities>({
  taskQueue: taskQueues.cpu,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

export { cancelRun, keepDocument, openExperiment, recordSteering };

/** Records stages that an experiment used in its chain, each once. */
export async function recordAll(experimentId: string, results: readonly StageResult[]): Promise<void> {
  const records = results.map(({ key, kind, cached, digest, ledgerHead }) => ({
    ...{ key, kind, cached, digest, ledgerHead },
  }));
  const unique = [...new Map(records.map((record) => [record.key, record])).values()];
  for (let start = 0; start < unique.length; start += stagesACall)
    await recordStages({ experimentId, stages: unique.slice(start, start + stagesACall) });
}

/** Records the last stages of an experiment, exports its histories, and seals the chain. */
export async function sealLedger(
  experimentId: string,
  results: readonly StageResult[],
): Promise<AnchoredHead> {
  await recordAll(experimentId, results);
  return finalizeExperiment({ experimentId });
}

/**
 * Runs work of which a chain tells when it is done; where it fails or is cancelled, `tell` has the chain tell of what was
 * finished until then. What ended the work is thrown on, whatever becomes of the telling.
 */
export async function tellingOfFailure<T>(work: () => Promise<T>, tell: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ContinueAsNew))
      await CancellationScope.nonCancellable(tell).catch(() => undefined);
    throw error;
  }
}
