import { continueAsNew, executeChild, proxyActivities } from '@temporalio/workflow';
import { runConcurrently } from '../../workflows/concurrently';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
  // Stages go to queues of other workers, which none of them starts by itself with the answer of a workflow task.
  allowEagerDispatch: false,
});

/** Activities a run: as many events as a run of a sweep may have, and no more. */
const pageSize = 1_500;

/** What is held against: activities that do nothing, so many at once, without any stage, cell or child. */
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

/** Cells a run, as in a sweep. */
const cellsARun = 300;

/** What a sweep cannot be faster than: a child for each cell, and nothing of Budgetline. */
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
