import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import { runInWindow } from '../../workflows/window';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** Activities a run: as many events as a run of a sweep may have, and no more. */
const pageSize = 1_500;

/** What is held against: activities that do nothing, so many at once, without any stage, cell or child. */
export async function bareActivities(input: {
  readonly count: number;
  readonly width: number;
}): Promise<void> {
  const { count, width } = input;
  const page = Array.from({ length: Math.min(count, pageSize) }, (_, index) => index);
  await runInWindow(page, width, () => nothing());
  if (count > pageSize) await continueAsNew<typeof bareActivities>({ count: count - pageSize, width });
}
