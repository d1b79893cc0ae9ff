import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../contracts/stage';
import type { AnchoredHead, LedgerActivities, StageResult } from '../contracts/stage';

/** Stages a call, so that no payload comes near Temporal's limit of 2 MB. */
const stagesACall = 500;

const { openExperiment, recordStages } = proxyActivities<LedgerActivities>({
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

export { openExperiment };

/** Records every stage that an experiment used in its chain, each once, exports the histories, and seals the chain. */
export async function sealLedger(
  experimentId: string,
  results: readonly StageResult[],
): Promise<AnchoredHead> {
  const unique = [...new Map(results.map((result) => [result.key, result])).values()];
  for (let start = 0; start < unique.length; start += stagesACall)
    await recordStages({ experimentId, stages: unique.slice(start, start + stagesACall) });
  return finalizeExperiment({ experimentId });
}
