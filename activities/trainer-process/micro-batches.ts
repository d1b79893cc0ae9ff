import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainerJob } from '../../schemas/trainer-job';
import { isMissing, writeFileAtomic } from '../../store';

const rungs = z.array(z.strictObject({ fromStep: z.int(), rows: z.int() }));

/** Micro-batch rows from which step on: the first as planned, each later one half of the one before, for want of memory. */
export type Rungs = z.infer<typeof rungs>;

const rungsPath = (workDir: string): string => join(workDir, '..', 'micro-batches.json');

/** Rungs that this job has come down so far, in this attempt or an earlier one. */
export async function readRungs(workDir: string): Promise<Rungs> {
  try {
    return rungs.parse(JSON.parse(await readFile(rungsPath(workDir), 'utf8')));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function writeRungs(workDir: string, value: Rungs): Promise<void> {
  return writeFileAtomic(rungsPath(workDir), `${JSON.stringify(value)}\n`);
}

/** Most rows of a forward and backward pass of a training job, which may choose fewer; undefined for jobs that do not train. */
export function microBatchSize(job: TrainerJob): number | undefined {
  if (job.command === 'pretrain') return job.plan.microBatchSize ?? job.batchSize;
  if (job.command === 'sft' || job.command === 'preference')
    return Math.min(job.plan.microBatchSize ?? job.training.batchSize, job.training.batchSize);
  return undefined;
}

/** The same job at another micro-batch; the effective batch stays as it is. */
export function withMicroBatch<J extends TrainerJob>(job: J, rows: number): J {
  return { ...job, plan: { ...job.plan, microBatchSize: rows } };
}
