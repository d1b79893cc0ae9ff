import { type PairChoice, unusedPairSettings } from '../core/pair-settings';
import type { FieldIssue } from './scalars';

/** What decides which settings of pairs are used. */
interface PairUses {
  readonly pairs: PairChoice;
  readonly annotations?: { readonly preferences?: object };
  readonly pipeline?: object;
  readonly controls?: readonly string[];
}

/** Settings of pairs that nothing reads, because the pairs come from a file. */
export function unusedIssues({ pairs, annotations, pipeline, controls = [] }: PairUses): FieldIssue[] {
  if (annotations?.preferences === undefined) return [];
  const samplesToo = pipeline !== undefined || controls.includes('rejection-sampling');
  return unusedPairSettings(pairs, { samplesToo }).map(({ field, reason }) => ({
    path: ['pairs', field],
    message: reason,
  }));
}
