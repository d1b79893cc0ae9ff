import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { openRowScratch } from '../checkpoints/row-scratch';
import type { Dataset } from '../data/datasets';
import { countTokens } from '../engine';
import type { TrainEngine } from '../engine/types';
import type { TrainRow } from '../rows';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import type { JobContext } from './context';
import type { RowForm } from './preference-rows';

/**
 * Scores every row once with an engine that holds the reference's weights. Finished batches are kept in the work folder, so
 * that a later start does not repeat them. @throws TRAINER_YIELDED on a request to stop.
 */
export async function runReferencePass<Row extends TrainRow, Reference>(
  { job, semantics, events, stop }: JobContext<JobOf<'preference'>>,
  form: RowForm<Row, Reference>,
  { engine, dataset }: { engine: TrainEngine; dataset: Dataset<Row> },
): Promise<readonly Reference[]> {
  const path = join(job.workDir, 'reference-logprobs.scratch.jsonl');
  const scratch = await openRowScratch<Reference>(path, { semantics, workDir: job.workDir });
  const size = job.training.batchSize;
  const batches = Math.ceil(dataset.rows.length / size);
  const progress = createProgress(events, { phase: 'reference', steps: batches, from: scratch.finished });
  for (let batch = scratch.finished; batch < batches; batch += 1) {
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, 0);
    const part = <T>(all: readonly T[]): readonly T[] => all.slice(batch * size, (batch + 1) * size);
    const rows = part(dataset.rows);
    scratch.append(await form.score(engine, rows, part(dataset.ids)));
    progress.report(batch + 1, { tokens: rows.reduce((sum, row) => sum + countTokens(row), 0) });
  }
  const references: Reference[] = [];
  for await (const batch of scratch.batches()) references.push(...batch);
  scratch.close();
  return references;
}
