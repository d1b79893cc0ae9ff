import { continueAsNew, executeChild, proxyActivities } from '@temporalio/workflow';
import { runConcurrently } from '../../workflows/concurrently';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
  // Stages go to other workers' queues, so none of them could start eagerly with a workflow task.
  allowEagerDispatch: false,
});

/** Activities of a run: their events stay within the limit for a run of a sweep. */
const pageSize = 1_500;

/** The baseline: idle activities, `width` at once, without stages, cells or children. */
export async function bareActivities(input: {
  readonly count: number;
  readonly width: number;
}): Promise<void> {
  const { count, width } = input;
  const page = Array.from({ length: Math.min(count, pageSize) }, (_, index) => index);
  await runConcurrently(page, width, () => nothing());
  if (count > pageSize) await continueAsNew<typeof bareActivities>({ count: count - pageSize, width });
}

/** A cell's stages, one after another. */
export async function bareCell(activities: number): Promise<void> {
  for (let done = 0; done < activities; done += 1) await nothing();
}

/** Cells of a run, as in a sweep. */
const cellsARun = 300;

/** The upper bound for a sweep: a child workflow for each cell, without Budgetline. */
export async function bareCells(input: {
  readonly cells: number;
  readonly activities: number;
  readonly width: number;
}): Promise<void> {
  const { cells, activities, width } = input;
  const page = Array.from({ length: Math.min(cells, cellsARun) }, (_, index) => index);
  await runConcurrently(page, width, () => executeChild(bareCell, { args: [activities] }));
  if (cells > cellsARun) await continueAsNew<typeof bareCells>({ ...input, cells: cells - cellsARun });
}
