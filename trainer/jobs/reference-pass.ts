import { join } from 'node:path';
import type { JobOf } from '../../contracts/trainer-job';
import { openRowScratch } from '../checkpoints/row-scratch';
import type { Dataset } from '../data/datasets';
import type { PairRow, TrainEngine } from '../engine/types';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import type { JobContext } from './context';

/** The frozen reference's summed log-probabilities of one pair, and how many tokens each covers. */
export interface ReferenceRow {
  readonly id: string;
  readonly chosen: number;
  readonly rejected: number;
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
}

const sumTokens = (pairs: readonly PairRow[]): number =>
  pairs.reduce((sum, { chosen, rejected }) => sum + chosen.ids.length + rejected.ids.length, 0);

type Scored = Awaited<ReturnType<TrainEngine['pairLogprobs']>>;

function toRows(ids: readonly string[], pairs: readonly PairRow[], scored: Scored): ReferenceRow[] {
  return pairs.map(({ chosen, rejected }, index) => ({
    id: ids[index]!,
    chosen: scored.chosen[index]!,
    rejected: scored.rejected[index]!,
    chosenTokens: chosen.ids.length - chosen.completionStart,
    rejectedTokens: rejected.ids.length - rejected.completionStart,
  }));
}

/**
 * Scores every pair once under an engine whose state is the reference's. Finished batches stay in the work folder, so
 * that no later start scores them again. @throws TRAINER_YIELDED where asked to stop in between.
 */
export async function runReferencePass(
  { job, semantics, events, stop }: JobContext<JobOf<'preference'>>,
  engine: TrainEngine,
  dataset: Dataset<PairRow>,
): Promise<readonly ReferenceRow[]> {
  const path = join(job.workDir, 'reference-logprobs.scratch.jsonl');
  const scratch = await openRowScratch<ReferenceRow>(path, { semantics, workDir: job.workDir });
  const size = job.training.batchRows;
  const batches = Math.ceil(dataset.rows.length / size);
  const progress = createProgress(events, { phase: 'reference', steps: batches, from: scratch.finished });
  for (let batch = scratch.finished; batch < batches; batch += 1) {
    const reason = await stop.poll();
    if (reason !== null) throw yielded(reason, 0);
    const pairs = dataset.rows.slice(batch * size, (batch + 1) * size);
    scratch.append(
      toRows(dataset.ids.slice(batch * size, (batch + 1) * size), pairs, await engine.pairLogprobs(pairs)),
    );
    progress.report(batch + 1, { tokens: sumTokens(pairs) });
  }
  const rows: ReferenceRow[] = [];
  for await (const batch of scratch.batches()) rows.push(...batch);
  scratch.close();
  return rows;
}
