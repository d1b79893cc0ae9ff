import type { TrainerJob } from '../../schemas/trainer-job';

/** What a job means: its fields without those that only say how and where, and with every path replaced by what is there. */
export type Semantics = Readonly<Record<string, unknown>>;

/** Fields that change no byte of a result, or are checked apart (the plan). */
const practical = ['id', 'workDir', 'outputDir', 'plan', 'checkpointEverySteps', 'keepCheckpoints'];

/** `inputs` gives, for every field that is a path, the digests of the files there. */
export function describeSemantics(job: TrainerJob, inputs: Readonly<Record<string, unknown>>): Semantics {
  const kept = Object.entries(job).filter(([name]) => !practical.includes(name));
  return { ...Object.fromEntries(kept), ...inputs };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Path of the first field that differs, e.g. "training.learningRate"; null where the two mean the same. */
export function findDifference(a: unknown, b: unknown, path: readonly string[] = []): string | null {
  if (!isObject(a) || !isObject(b)) return a === b ? null : path.join('.');
  for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const found = findDifference(a[name], b[name], [...path, name]);
    if (found !== null) return found;
  }
  return null;
}
