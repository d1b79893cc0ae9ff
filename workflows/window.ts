/** Runs a task for every item, at most `width` at once, begun in the items' order; results in that order too. */
export async function runInWindow<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const queue = [...items.entries()];
  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.set(next[0], await task(next[1]));
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
