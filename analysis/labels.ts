import type { Estimate } from '../contracts/analysis/estimate';
import type { GatheredLabels } from '../contracts/labels';
import { krippendorffAlpha } from './agreement';
import { formatCount } from '../contracts/text';
import { sayScore } from './text';

/** Noise and agreement of the labels of one source. */
export interface LabelQuality {
  /** Source of the labels: "user preferences", "evaluations". */
  readonly of: string;
  /** Rows that the task's verifier scored, and those that it contradicts. */
  readonly checked: number;
  readonly verifierMismatches: number;
  /** Pairs of labels of the same answers, and those that agree. */
  readonly compared: number;
  readonly alike: number;
  /** Krippendorff's alpha. Null: every label is the same, or nothing was labelled twice. */
  readonly alpha: Estimate | null;
}

function qualityOf({ source, counts, patterns }: GatheredLabels): LabelQuality {
  const count = (name: string): number => counts[name] ?? 0;
  return {
    of: source === null ? 'evaluations' : source.label,
    checked: count('checked'),
    verifierMismatches: count('verifierMismatches'),
    compared: count('labelledAgain'),
    alike: count('labelledAlike'),
    alpha: krippendorffAlpha(patterns),
  };
}

/**
 * Noise and agreement of labels, for sources with something to compare with: the task's verifier, or other labels of the
 * same answers.
 */
export function labelQuality(gathered: readonly GatheredLabels[]): LabelQuality[] {
  return gathered.map(qualityOf).filter(({ checked, compared }) => checked > 0 || compared > 0);
}

/** "9 of 12 repeated labels agree, α 0.620 (0.410 to 0.800); the task's verifier contradicts 1 of 6 rows" */
export function describeLabels({
  checked,
  verifierMismatches,
  compared,
  alike,
  alpha,
}: LabelQuality): string {
  const beyondChance = alpha === null ? '' : `, α ${sayScore(alpha)}`;
  const again = `${formatCount(alike)} of ${formatCount(compared)} repeated labels agree${beyondChance}`;
  const noise = `the task’s verifier contradicts ${formatCount(verifierMismatches)} of ${formatCount(checked)} rows`;
  return [...(compared > 0 ? [again] : []), ...(checked > 0 ? [noise] : [])].join('; ');
}
