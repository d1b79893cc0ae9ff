import type { JobOf } from '../../schemas/trainer-job';
import { tokensIn } from '../engine';
import type { TrainRow } from '../engine/types';

/**
 * A micro-batch of about so many tokens passes from op to op through the processor's caches; larger ones cost a seventh
 * more, and memory (docs/log.md).
 */
const cachedTokens = 768;

/**
 * Rows of a forward and backward pass: the plan's, or where it leaves them open the batch, halved until it has few enough
 * tokens in the mean. A function of the job and its rows. Full fine-tuning keeps whole batches, since its gradients are as
 * large as the model and would be handed on with every micro-batch; a GPU has no such cache to fit.
 */
export function chooseMicroBatch(
  { plan, training }: Pick<JobOf<'sft'>, 'plan' | 'training'>,
  rows: readonly TrainRow[],
): number {
  const { batchSize, lora } = training;
  if (plan.microBatchSize !== null) return Math.min(plan.microBatchSize, batchSize);
  if (lora === null || plan.device !== 'cpu') return batchSize;
  const tokens = rows.reduce((sum, row) => sum + tokensIn(row), 0) / rows.length;
  let size = batchSize;
  while (size > 1 && size * tokens > cachedTokens) size = Math.floor(size / 2);
  return size;
}
