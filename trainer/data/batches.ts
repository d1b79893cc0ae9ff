import { permute } from './random';

export interface BatchPlan {
  readonly rows: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** Steps of whole epochs; the last batch of an epoch may be short. */
export const stepsOf = (rows: number, options: { batchSize: number; epochs: number }): number =>
  Math.ceil(rows / options.batchSize) * options.epochs;

/**
 * Row indices of each step's batch: every epoch is a new permutation, cut into batches. `at(step)` counts from 1 and is
 * pure, so a resumed run needs only the step.
 */
export function planBatches(plan: BatchPlan): { at(step: number): Int32Array } {
  const perEpoch = Math.ceil(plan.rows / plan.batchSize);
  let current: { epoch: number; order: Int32Array } | null = null;
  return {
    at(step) {
      const epoch = Math.floor((step - 1) / perEpoch);
      if (current?.epoch !== epoch)
        current = { epoch, order: permute(plan.rows, { seed: plan.seed, epoch }) };
      const start = ((step - 1) % perEpoch) * plan.batchSize;
      return current.order.subarray(start, start + plan.batchSize);
    },
  };
}
