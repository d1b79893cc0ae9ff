import { condition } from '@temporalio/workflow';

/**
 * Runs `task` for every item, at most `width` at once. Starts in the items' order and returns results in
 * that order. If `width` is a function, the limit may change meanwhile. After a failure no further task
 * starts; running ones are awaited.
 */
export async function runConcurrently<T, R>(
  items: Iterable<T>,
  width: number | (() => number),
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const widthNow = typeof width === 'number' ? () => width : width;
  const begun: Promise<R>[] = [];
  let running = 0;
  const failures: unknown[] = [];
  const begin = (item: T): void => {
    running += 1;
    const work = task(item).finally(() => (running -= 1));
    work.catch((error: unknown) => failures.push(error));
    begun.push(work);
  };
  try {
    for (const item of items) {
      await condition(() => failures.length > 0 || running < widthNow());
      if (failures.length > 0) break;
      begin(item);
    }
  } finally {
    await Promise.allSettled(begun);
  }
  return Promise.all(begun);
}
