import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainerJob } from '../../schemas/trainer-job';
import { writeFileAtomic } from '../../host/durable-files';
import { isMissing } from '../../host/fs-errors';

const microBatches = z.array(z.strictObject({ fromStep: z.int(), rows: z.int() }));

/** Micro-batch sizes with their first steps: as planned, then halved each time the device ran out of memory. */
export type MicroBatches = z.infer<typeof microBatches>;

const microBatchesPath = (workDir: string): string => join(workDir, '..', 'micro-batches.json');

/** Micro-batch sizes of this job so far, earlier attempts included. */
export async function readMicroBatches(workDir: string): Promise<MicroBatches> {
  try {
    return microBatches.parse(JSON.parse(await readFile(microBatchesPath(workDir), 'utf8')));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function writeMicroBatches(workDir: string, value: MicroBatches): Promise<void> {
  return writeFileAtomic(microBatchesPath(workDir), `${JSON.stringify(value)}\n`);
}

/** The largest micro-batch of a training job, which may use a smaller one; undefined for other jobs. */
export function microBatchSize(job: TrainerJob): number | undefined {
  if (job.command === 'pretrain') return job.plan.microBatchSize ?? job.batchSize;
  if (job.command === 'sft' || job.command === 'preference')
    return Math.min(job.plan.microBatchSize ?? job.training.batchSize, job.training.batchSize);
  return undefined;
}

/** The job with another micro-batch size; the effective batch size stays the same. */
export function withMicroBatch<J extends TrainerJob>(job: J, rows: number): J {
  return { ...job, plan: { ...job.plan, microBatchSize: rows } };
}
