/** Shortest prompt shape, about two sentences. Longer shapes are its doublings, so that a job needs few graphs. */
const shortestPrompt = 40;

/** Padded length of a prompt. Depends on the prompt's length and the job's limit only. */
export function promptBucket(length: number, limit: number): number {
  let bucket = shortestPrompt;
  while (bucket < length) bucket *= 2;
  return Math.min(bucket, limit);
}
