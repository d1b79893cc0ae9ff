import { rowsInCache } from '../../core/micro-batch';
import type { JobOf } from '../../schemas/trainer-job';
import { countTokens } from '../engine';
import type { TrainRow } from '../rows';

/**
 * Rows of a forward and backward pass: `plan.microBatchSize`, or else the batch, halved until its mean token count fits the
 * caches. Depends on the job and its rows only. Full fine-tuning keeps whole batches, since every micro-batch would pass on
 * gradients as large as the model. So does a GPU, which has no such cache.
 */
export function chooseMicroBatch(
  { plan, training }: Pick<JobOf<'sft'>, 'plan' | 'training'>,
  rows: readonly TrainRow[],
): number {
  const { batchSize, lora } = training;
  if (plan.microBatchSize !== null) return Math.min(plan.microBatchSize, batchSize);
  if (lora === null || plan.device !== 'cpu') return batchSize;
  const tokens = rows.reduce((sum, row) => sum + countTokens(row), 0) / rows.length;
  return rowsInCache(batchSize, tokens);
}
