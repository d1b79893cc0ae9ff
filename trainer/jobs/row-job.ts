import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { JobOf } from '../../contracts/trainer-job';
import { openRowScratch, type RowScratch } from '../checkpoints/row-scratch';
import { attempt } from '../io/files';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import type { JobContext, PreparedJob } from './context';

type RowJob = JobOf<'generate'> | JobOf<'logprobs'>;

/** A job whose output is one row an input, made in batches. */
export interface RowWork<Row> {
  readonly batches: number;
  /** Makes a batch's rows; nothing of it depends on other batches. */
  make(batch: number): Promise<readonly Row[]>;
  tokensOf(row: Row): number;
  release(): Promise<void>;
}

/** Opens the scratch file at once, so that the resume point is known, and the work only when it runs. */
export async function prepareRowJob<Row>(
  context: JobContext<RowJob>,
  options: {
    outputFile: string;
    open(): Promise<RowWork<Row>>;
    figuresOf(rows: readonly Row[]): Record<string, number>;
  },
): Promise<PreparedJob> {
  const { job, semantics } = context;
  const path = join(job.workDir, `${job.command}.scratch.jsonl`);
  const scratch = await openRowScratch<Row>(path, { semantics, workDir: job.workDir });
  return {
    resumedFromStep: scratch.finished,
    async run(output) {
      const work = await options.open();
      await makeBatches(context, work, scratch);
      await work.release();
      const figures = await writeRows(join(output, options.outputFile), scratch, options.figuresOf);
      scratch.close();
      return { steps: work.batches, ...figures };
    },
  };
}

async function makeBatches<Row>(
  { job, events, stop }: JobContext<RowJob>,
  work: RowWork<Row>,
  scratch: RowScratch<Row>,
) {
  const progress = createProgress(events, {
    phase: job.command,
    steps: work.batches,
    from: scratch.finished,
  });
  for (let batch = scratch.finished; batch < work.batches; batch += 1) {
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, batch);
    const rows = await work.make(batch);
    scratch.append(rows);
    progress.report(batch + 1, { tokens: rows.reduce((sum, row) => sum + work.tokensOf(row), 0) });
  }
}

/** Copies the batches into the output, one at a time, and adds up their figures. */
async function writeRows<Row>(
  path: string,
  scratch: RowScratch<Row>,
  figuresOf: (rows: readonly Row[]) => Record<string, number>,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  const descriptor = attempt(path, 'write', () => openSync(path, 'w'));
  for await (const rows of scratch.batches()) {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    attempt(path, 'write', () => writeSync(descriptor, text));
    for (const [name, value] of Object.entries(figuresOf(rows))) sums[name] = (sums[name] ?? 0) + value;
  }
  attempt(path, 'write', () => fsyncSync(descriptor));
  closeSync(descriptor);
  return sums;
}
