import type { Random } from '../../../contracts/task';
import { createRandom } from '../../../core/random';

/** What values a field takes. */
export type Bound = 'count' | 'seed' | 'fraction' | 'decay' | 'positive' | 'nonnegative' | 'share' | 'choice';

/** Values that are no numbers, for each bound. */
const notNumbers: readonly ((random: Random) => unknown)[] = [
  () => NaN,
  () => Infinity,
  () => -Infinity,
  (random) => String(Math.ceil(random() * 9)),
  () => true,
  () => [1],
  () => ({ value: 1 }),
];

const below = (random: Random): number => -(random() * 100 + 1e-6);
const above = (random: Random): number => 1 + random() * 100 + 1e-6;
const broken = (random: Random): number => Math.floor(random() * 1000) + 0.5;
const huge = (random: Random): number => 2 ** 53 * (1 + Math.floor(random() * 100));
const zero = (): number => 0;

/** Numbers out of each bound. */
const outside: Readonly<Record<Bound, readonly ((random: Random) => unknown)[]>> = {
  count: [zero, below, broken, huge],
  seed: [below, broken, huge],
  fraction: [below, above],
  decay: [below, above, () => 1],
  positive: [zero, below],
  nonnegative: [below],
  share: [zero, below, above],
  choice: [(random) => `other-${Math.floor(random() * 100)}`, broken, () => ''],
};

/** Seeded values that a field with the bound refuses, at least 20. */
export function wrongValues(bound: Bound, seed: number): unknown[] {
  const random = createRandom('wrong values', bound, seed);
  return [...notNumbers, ...outside[bound], ...outside[bound], ...outside[bound]]
    .flatMap((make) => [make(random), make(random)])
    .slice(0, 40);
}

/** Fields of training settings, of a definition and of a call. */
export const trainingBounds: Readonly<Record<string, Bound>> = {
  epochs: 'count',
  batchSize: 'count',
  learningRate: 'positive',
  lrSchedule: 'choice',
  warmupRatio: 'fraction',
  minLearningRateRatio: 'fraction',
  weightDecay: 'nonnegative',
  beta1: 'decay',
  beta2: 'decay',
  epsilon: 'positive',
  maxGradNorm: 'positive',
  'lora.rank': 'count',
  'lora.alpha': 'positive',
  'lora.dropout': 'decay',
  precision: 'choice',
  maxLength: 'count',
  onOverlength: 'choice',
};

/** Fields of the settings of pairs, of a definition and of a call. */
export const pairBounds: Readonly<Record<string, Bound>> = {
  chosen: 'choice',
  threshold: 'fraction',
  minMargin: 'share',
  candidates: 'count',
  temperature: 'positive',
  topK: 'count',
  topP: 'share',
  maxNewTokens: 'count',
};

const under = (above: string, bounds: Readonly<Record<string, Bound>>): [string, Bound][] =>
  Object.entries(bounds).map(([field, bound]) => [`${above}.${field}`, bound]);

/** Numeric fields and choices that sweeps and experiments share. */
export const definitionBounds: readonly (readonly [field: string, bound: Bound])[] = [
  ...under('sft', trainingBounds),
  ...under('preference', trainingBounds),
  ['preference.loss.beta', 'positive'],
  ...under('pairs', pairBounds),
  ['evaluation.items', 'count'],
  ['evaluation.maxNewTokens', 'count'],
  ['evaluation.split', 'choice'],
  ['data.source', 'choice'],
  ['data.seed', 'seed'],
  ['data.pool', 'count'],
  ['data.validation', 'count'],
  ['data.test', 'count'],
  ['prices.sftExample', 'nonnegative'],
  ['prices.preferencePair', 'nonnegative'],
  ['prices.sample', 'nonnegative'],
  ['prices.verifierCall', 'nonnegative'],
  ['execution.device', 'choice'],
  ['execution.threads', 'count'],
  ['execution.microBatchSize', 'count'],
  ['execution.checkpointEverySteps', 'count'],
  ['execution.infrastructureRetries', 'seed'],
  ['execution.outageHours', 'positive'],
  ['execution.stallSeconds', 'positive'],
];

/** An object with one field, at a path, replaced. */
export function withField(object: object, path: string, value: unknown): object {
  const [first = '', ...rest] = path.split('.');
  const inner = (object as Readonly<Record<string, unknown>>)[first];
  const replaced = rest.length === 0 ? value : withField(inner ?? {}, rest.join('.'), value);
  return { ...object, [first]: replaced };
}
