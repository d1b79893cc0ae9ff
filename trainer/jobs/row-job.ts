import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { openRowScratch, type RowScratch } from '../checkpoints/row-scratch';
import { writeSynced } from '../io/files';
import { toJsonLine } from '../io/jsonl';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import type { JobContext, JobMetrics, PreparedJob } from './context';

type RowJob = JobOf<'generate'> | JobOf<'logprobs'>;

/** Work that makes output rows in batches. */
export interface RowWork<Row> {
  /** Output indices of each batch's rows, 0 … rows − 1. Batches may be in any order. */
  readonly batches: readonly (readonly number[])[];
  /** Makes the rows of a batch, independently of other batches. */
  make(indices: readonly number[]): Promise<readonly Row[]>;
  tokensOf(row: Row): number;
  /** Metrics of the whole output. */
  summarise(rows: readonly Row[]): JobMetrics;
  release(): Promise<void>;
}

/** Opens the scratch file now, to know the resume point; opens the work when it runs. */
export async function prepareRowJob<Row>(
  context: JobContext<RowJob>,
  options: { outputFile: string; open(): Promise<RowWork<Row>> },
): Promise<PreparedJob> {
  const { job, semantics } = context;
  // The name stands for this split into batches: change it whenever the split changes.
  const path = join(job.workDir, `${job.command}.batches.jsonl`);
  const scratch = await openRowScratch<Row>(path, { semantics, workDir: job.workDir });
  return {
    resumedFromStep: scratch.finished,
    async run(output) {
      const work = await options.open();
      await makeBatches(context, work, scratch);
      await work.release();
      const rows = await collectRows(work, scratch);
      scratch.close();
      writeSynced(join(output, options.outputFile), rows.map(toJsonLine));
      const tokens = rows.reduce((sum, row) => sum + work.tokensOf(row), 0);
      return { steps: work.batches.length, rows: rows.length, tokens, ...work.summarise(rows) };
    },
  };
}

async function makeBatches<Row>(
  { job, events, stop }: JobContext<RowJob>,
  work: RowWork<Row>,
  scratch: RowScratch<Row>,
): Promise<void> {
  const steps = work.batches.length;
  const progress = createProgress(events, { phase: job.command, steps, from: scratch.finished });
  for (const [batch, indices] of work.batches.entries()) {
    if (batch < scratch.finished) continue;
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, batch);
    const rows = await work.make(indices);
    scratch.append(rows);
    progress.report(batch + 1, { tokens: rows.reduce((sum, row) => sum + work.tokensOf(row), 0) });
  }
}

async function collectRows<Row>(work: RowWork<Row>, scratch: RowScratch<Row>): Promise<Row[]> {
  const indices = work.batches.flat();
  const rows = new Array<Row>(indices.length);
  let next = 0;
  for await (const batch of scratch.batches())
    for (const row of batch) {
      rows[indices[next]!] = row;
      next += 1;
    }
  return rows;
}

/** Splits indices into batches of at most `size`. */
export function chunkIndices(indices: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(indices.length / size) }, (_, batch) =>
    indices.slice(batch * size, (batch + 1) * size),
  );
}
