/** Shortest prompt shape: a question of two sentences. Longer ones double it, so that few graphs serve any job. */
const shortestPrompt = 40;

/** Length that a prompt is padded to: a function of the prompt and the job's limit alone. */
export function promptBucket(length: number, limit: number): number {
  let bucket = shortestPrompt;
  while (bucket < length) bucket *= 2;
  return Math.min(bucket, limit);
}
