import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../contracts/stage';
import type { LedgerActivities, StageResult } from '../contracts/stage';

/** Stages a call, so that no payload comes near Temporal's limit of 2 MB. */
const stagesACall = 500;

const { openExperiment, recordStages } = proxyActivities<LedgerActivities>({
  taskQueue: taskQueues.cpu,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

export { openExperiment };

/** Records every stage that an experiment used in its chain, each once; resolves to the chain's head. */
export async function recordAll(
  experimentId: string,
  results: readonly StageResult[],
): Promise<string | null> {
  const unique = [...new Map(results.map((result) => [result.key, result])).values()];
  let head: string | null = null;
  for (let start = 0; start < unique.length; start += stagesACall)
    head = await recordStages({ experimentId, stages: unique.slice(start, start + stagesACall) });
  return head;
}
