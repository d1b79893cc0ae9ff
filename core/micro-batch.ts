/**
 * Tokens of a micro-batch whose activations fit the CPU caches. Larger micro-batches take about a seventh longer, and more
 * memory (docs/log.md).
 */
const cachedTokens = 768;

/** A batch size, halved until its rows of `meanTokens` fit the CPU caches. */
export function rowsInCache(batchSize: number, meanTokens: number): number {
  let size = batchSize;
  while (size > 1 && size * meanTokens > cachedTokens) size = Math.floor(size / 2);
  return size;
}
