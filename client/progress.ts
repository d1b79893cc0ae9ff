import type { Client, WorkflowHandle } from '@temporalio/client';
import type { CellProgress, ExperimentProgress, SweepProgress } from '../contracts/results';

/** Queries a sweep's progress until all cells are listed. Each query may take `limitMs`. */
export async function querySweep(
  client: Client,
  handle: WorkflowHandle,
  limitMs: number,
): Promise<SweepProgress> {
  const cells: CellProgress[] = [];
  for (;;) {
    const ask = (): Promise<SweepProgress> => handle.query<SweepProgress, [number]>('progress', cells.length);
    const { next, ...progress } = await client.connection.withDeadline(Date.now() + limitMs, ask);
    cells.push(...progress.cells);
    if (next === undefined) return { ...progress, cells };
  }
}

/** Queries the progress of an experiment, or of a cell of a sweep. */
export function queryExperiment(
  client: Client,
  handle: WorkflowHandle,
  limitMs: number,
): Promise<ExperimentProgress> {
  return client.connection.withDeadline(Date.now() + limitMs, () =>
    handle.query<ExperimentProgress>('progress'),
  );
}
