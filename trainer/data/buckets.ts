/** Sequence lengths that graphs are built for: few, since each costs a graph. */

/** Sixteen would pad short questions by 8 % more; four saves another 1 %. */
export const bucketStep = 8;

/** At most this many graphs a run: beyond it a graph costs more to build than its padding saves. */
export const mostBuckets = 3;

const roundUp = (length: number): number => Math.ceil(length / bucketStep) * bucketStep;

/**
 * Chooses the lengths for batches whose longest rows are given: the longest, and those below it that save the most
 * padding. A pure function of the lengths.
 */
export function chooseBuckets(batchLengths: readonly number[]): number[] {
  const needed = [...new Set(batchLengths.map(roundUp))].sort((a, b) => a - b);
  const counts = new Map<number, number>();
  for (const length of batchLengths) counts.set(roundUp(length), (counts.get(roundUp(length)) ?? 0) + 1);
  const chosen = new Set(needed.slice(-1));
  while (chosen.size < Math.min(mostBuckets, needed.length)) {
    const open = needed.filter((length) => !chosen.has(length));
    const saved = (extra: number): number => -paddedTokens(counts, [...chosen, extra]);
    chosen.add(open.reduce((best, length) => (saved(length) > saved(best) ? length : best)));
  }
  return [...chosen].sort((a, b) => a - b);
}

/** Tokens that batches cost when each runs at the smallest chosen length that holds it. */
function paddedTokens(counts: ReadonlyMap<number, number>, chosen: readonly number[]): number {
  let total = 0;
  for (const [length, batches] of counts)
    total += batches * Math.min(...chosen.filter((candidate) => candidate >= length));
  return total;
}

/** Shortest prompt shape: a question of two sentences. Longer ones double it, so that few graphs serve any job. */
const shortestPrompt = 40;

/** Length that a prompt is padded to: a function of the prompt and the job's limit alone. */
export function promptBucket(length: number, limit: number): number {
  let bucket = shortestPrompt;
  while (bucket < length) bucket *= 2;
  return Math.min(bucket, limit);
}
