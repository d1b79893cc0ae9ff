import type { TrainerJob } from '../../schemas/trainer-job';

/** The fields of a job that decide its result, every path replaced by the digests of its content. */
export type Semantics = Readonly<Record<string, unknown>>;

/** Fields that change no byte of the result, or are compared separately (the plan). */
const excluded = ['id', 'workDir', 'outputDir', 'plan', 'checkpointEverySteps', 'keepCheckpoints'];

/** `inputs` has, for every field that is a path, the digests of its files. */
export function describeSemantics(job: TrainerJob, inputs: Readonly<Record<string, unknown>>): Semantics {
  const kept = Object.entries(job).filter(([name]) => !excluded.includes(name));
  const family = job.family && { export: job.family.export, digest: job.family.digest };
  return { ...Object.fromEntries(kept), family, ...inputs };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Path of the first field that differs, e.g. "training.learningRate"; null if the two are equal. */
export function findDifference(a: unknown, b: unknown, path: readonly string[] = []): string | null {
  if (!isObject(a) || !isObject(b)) return a === b ? null : path.join('.');
  for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const found = findDifference(a[name], b[name], [...path, name]);
    if (found !== null) return found;
  }
  return null;
}
