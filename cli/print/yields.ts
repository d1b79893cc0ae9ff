import type { AxisValues } from '../../app/plan/axis-values';
import type { PlanSummary, YieldRange } from '../../app/plan/plan-summary';
import type { ExpectedYield } from '../../app/plan/yields';
import { withDifferences } from '../../stages';
import { formatCount, formatUsd } from './numbers';
import { countOf, joinList } from './text';

/** " (pairs.chosen gold)". Empty where it holds at all places on the axes. */
export function describeAt(at: AxisValues): string {
  const place = Object.entries(at).map(([axis, labels]) => `${axis} ${labels.join(' or ')}`);
  return place.length === 0 ? '' : ` (${place.join(', ')})`;
}

const yieldNouns = {
  pairs: 'pairs',
  'labelled-pairs': 'labelled pairs',
  'rejection-samples': 'correct samples',
} as const;

/** Two decimals at most: 0.38, 0.4. */
const formatYield = (rows: number): string => String(Number(rows.toFixed(2)));

function describeYield(expectedYield: ExpectedYield): string {
  const { what, task, expected, low, high, stages, sameModel, at, settings } = expectedYield;
  const place = withDifferences(`${task}${describeAt(at)}`, settings);
  const rows = `${formatYield(expected)} ${yieldNouns[what]} a prompt of ${place}`;
  if (stages === 0)
    return `assumes ${rows}: the store has no earlier data stage with these settings; the first run will show it`;
  const model = sameModel ? 'this task and model' : 'this task with other models';
  const earlier = `${countOf(stages, 'earlier data stage')} of ${model}, ${formatYield(low)} to ${formatYield(high)}`;
  return `expects ${rows}: ${earlier}`;
}

/** "240 to 480 verifier calls"; nothing where the yield does not change the number. */
const countRange = ({ low, high }: YieldRange['labels'], noun: string): string[] =>
  low === high ? [] : [`${formatCount(low)} to ${countOf(high, noun)}`];

/** Verifier calls, labels and money at the highest and the lowest yield. */
function describeYieldRange({ yieldRange: { verifierCalls, labels, annotationUsd } }: PlanSummary): string[] {
  const counts = [...countRange(verifierCalls, 'verifier call'), ...countRange(labels, 'label')];
  if (counts.length === 0) return [];
  const isPriced = annotationUsd.low !== annotationUsd.high;
  const usd = isPriced ? `, ${formatUsd(annotationUsd.low)} to ${formatUsd(annotationUsd.high)}` : '';
  return [`at these yields: ${joinList(counts)}${usd}`];
}

/** What a plan expects of stages that sample. */
export const describeYields = (summary: PlanSummary): string[] => [
  ...summary.yields.map(describeYield),
  ...describeYieldRange(summary),
];
