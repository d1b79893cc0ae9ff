import type { CodeRole } from '../../core/code';
import type { RowSource } from '../../contracts/stage';
import type { PairSpec } from '../../schemas/definition';
import type { StageContext } from '../define';
import { stageSeed } from '../keys';
import { assertFit, samplingOf } from './settings';
import { kind, sharedSpec } from './shared-spec';
import type { SampledSpec } from './spec';

const sampledRoles: readonly CodeRole[] = ['problems', 'grading'];
/** The verifier measures the noise of labels. */
const labelledRoles: readonly CodeRole[] = [...sampledRoles, 'preferenceAnnotator'];

/** What the ways of making rows from samples differ in. */
interface SampledRows {
  readonly spec: SampledSpec;
  readonly title: string;
  readonly roles: readonly CodeRole[];
}

/** Fields of specs of sampled rows. Independent of the count: the first pairs of a larger count are those of a smaller one. */
const sampledSpec = (context: StageContext, roles: readonly CodeRole[], rows: number) => ({
  ...sharedSpec(context, roles, rows),
  seed: stageSeed(context.seed, kind),
});

function rejectionSamples(context: StageContext, count: number, settings: PairSpec): SampledRows {
  const { threshold } = settings;
  const pairs = { ...samplingOf(settings), threshold };
  const spec = { ...sampledSpec(context, sampledRoles, count), what: 'rejection-samples', pairs } as const;
  return { spec, title: `${count} correct samples`, roles: sampledRoles };
}

/** Pairs by the scores of the verifier, or by the labels of the definition's preference annotator. */
function sampledPairs(context: StageContext, count: number, settings: PairSpec): SampledRows {
  assertFit(settings);
  const { chosen, threshold, minMargin, annotator, labels } = settings;
  const sampled = samplingOf(settings);
  const title = `${count} preference pairs`;
  if (annotator === undefined) {
    const pairs = { ...sampled, chosen, threshold, minMargin };
    const spec = { ...sampledSpec(context, sampledRoles, count), what: 'pairs', pairs } as const;
    return { spec, title, roles: sampledRoles };
  }
  const annotatorDigest = context.resolved.preferenceAnnotator?.digest;
  const named = {
    what: 'labelled-pairs',
    pairs: { ...sampled, labels },
    annotator,
    annotatorDigest,
  } as const;
  const spec = { ...sampledSpec(context, labelledRoles, count), ...named };
  return { spec, title: `${title} labelled by ${annotator}`, roles: labelledRoles };
}

const sampledSources = {
  pairs: 'preference pairs',
  'labelled-pairs': 'preference labels by',
  'rejection-samples': 'rejection samples',
} as const;

function sourceOf(spec: SampledSpec): RowSource {
  const { what } = spec;
  const label = sampledSources[what];
  if (what !== 'labelled-pairs') return { what, from: '', label };
  const { annotator } = spec;
  return { what, from: annotator, label: `${label} ${annotator}` };
}

interface Asked {
  readonly what: 'pairs' | 'rejection-samples';
  readonly count: number;
  readonly pairs: PairSpec;
}

/** The rows that a call makes from samples. */
export function sampledRows(
  context: StageContext,
  { what, count, pairs }: Asked,
): SampledRows & { readonly source: RowSource } {
  const made = (what === 'pairs' ? sampledPairs : rejectionSamples)(context, count, pairs);
  return { ...made, source: sourceOf(made.spec) };
}
