import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { openRowScratch, type RowScratch } from '../checkpoints/row-scratch';
import { writeSynced } from '../io/files';
import { toJsonLine } from '../io/jsonl';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import type { JobContext, JobFigures, PreparedJob } from './context';

type RowJob = JobOf<'generate'> | JobOf<'logprobs'>;

/** A job whose output is one row an input, made in batches. */
export interface RowWork<Row> {
  /** For each batch the output places of its rows, 0 … rows − 1: batches need not follow the output's order. */
  readonly batches: readonly (readonly number[])[];
  /** Makes a batch's rows; nothing of it depends on other batches. */
  make(places: readonly number[]): Promise<readonly Row[]>;
  tokensOf(row: Row): number;
  /** Figures of the whole output. */
  summarise(rows: readonly Row[]): JobFigures;
  release(): Promise<void>;
}

/** Opens the scratch file at once, so that the resume point is known, and the work only when it runs. */
export async function prepareRowJob<Row>(
  context: JobContext<RowJob>,
  options: { outputFile: string; open(): Promise<RowWork<Row>> },
): Promise<PreparedJob> {
  const { job, semantics } = context;
  // Which rows a batch has is part of the name's meaning: an executable that cut a job otherwise used another name.
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
  for (const [batch, places] of work.batches.entries()) {
    if (batch < scratch.finished) continue;
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, batch);
    const rows = await work.make(places);
    scratch.append(rows);
    progress.report(batch + 1, { tokens: rows.reduce((sum, row) => sum + work.tokensOf(row), 0) });
  }
}

async function collectRows<Row>(work: RowWork<Row>, scratch: RowScratch<Row>): Promise<Row[]> {
  const places = work.batches.flat();
  const rows = new Array<Row>(places.length);
  let next = 0;
  for await (const batch of scratch.batches())
    for (const row of batch) {
      rows[places[next]!] = row;
      next += 1;
    }
  return rows;
}

/** Consecutive places in groups of at most `size`. */
export function chunkPlaces(places: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(places.length / size) }, (_, batch) =>
    places.slice(batch * size, (batch + 1) * size),
  );
}
