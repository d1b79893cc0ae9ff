import type { Estimate } from '../contracts/analysis/estimate';
import type { GatheredLabels } from '../contracts/labels';
import { krippendorffAlpha } from './agreement';
import { countOf, formatCount } from '../contracts/text';
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
  /** Null: these are no preference labels. */
  readonly preferences: PreferenceLabels | null;
}

/** What a preference annotator's labels were, and whether they depend on the order of the answers. */
export interface PreferenceLabels {
  readonly labels: number;
  readonly ties: number;
  /** Refusals, unreadable ones included. */
  readonly refusals: number;
  readonly unreadable: number;
  /** Labels that prefer one of the answers, and those that prefer the one that was shown first. */
  readonly decided: number;
  readonly firstShown: number;
  /** Items that were labelled in both orders, and those whose two orders prefer different answers. */
  readonly orderCompared: number;
  readonly orderFlips: number;
}

function preferencesOf(count: (name: string) => number): PreferenceLabels | null {
  const [labels, ties, refusals] = [count('labels'), count('labelTies'), count('labelRefusals')];
  if (labels === 0) return null;
  return {
    labels,
    ties,
    refusals,
    unreadable: count('labelUnreadable'),
    decided: labels - ties - refusals,
    firstShown: count('labelFirstShown'),
    orderCompared: count('orderCompared'),
    orderFlips: count('orderFlips'),
  };
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
    preferences: preferencesOf(count),
  };
}

/**
 * Noise and agreement of labels, for preference labels and for sources with something to compare with: the task's verifier,
 * or other labels of the same answers.
 */
export function labelQuality(gathered: readonly GatheredLabels[]): LabelQuality[] {
  return gathered
    .map(qualityOf)
    .filter(({ checked, compared, preferences }) => checked > 0 || compared > 0 || preferences !== null);
}

/**
 * "256 preference labels, 12 ties, 3 refusals (1 unreadable)", "128 of 241 choices took the answer shown first", "9 of 120
 * items changed with the order"
 */
function describePreferences(found: PreferenceLabels): string[] {
  const { labels, ties, refusals, unreadable, decided, firstShown, orderCompared, orderFlips } = found;
  const unread = unreadable === 0 ? '' : ` (${formatCount(unreadable)} unreadable)`;
  const counts = [countOf(labels, 'preference label'), countOf(ties, 'tie'), countOf(refusals, 'refusal')];
  const orders = `${formatCount(orderFlips)} of ${countOf(orderCompared, 'item')} changed with the order`;
  return [
    `${counts.join(', ')}${unread}`,
    `${formatCount(firstShown)} of ${countOf(decided, 'choice')} took the answer shown first`,
    ...(orderCompared > 0 ? [orders] : []),
  ];
}

/** "9 of 12 repeated labels agree, α 0.620 (0.410 to 0.800); the task's verifier contradicts 1 of 6 rows" */
export function describeLabels({
  checked,
  verifierMismatches,
  compared,
  alike,
  alpha,
  preferences,
}: LabelQuality): string {
  const beyondChance = alpha === null ? '' : `, α ${sayScore(alpha)}`;
  const again = `${formatCount(alike)} of ${formatCount(compared)} repeated labels agree${beyondChance}`;
  const noise = `the task’s verifier contradicts ${formatCount(verifierMismatches)} of ${formatCount(checked)} rows`;
  return [
    ...(preferences === null ? [] : describePreferences(preferences)),
    ...(compared > 0 ? [again] : []),
    ...(checked > 0 ? [noise] : []),
  ].join('; ');
}
