import type { ColdStartDiagnosis, DiagnosisEvidence, DiagnosisStatus, Estimate } from '../contracts/analysis';
import { groupsByBudget, type Group } from './grid';
import { intervalOf, type Inference } from './inference';
import { styleMetrics, variance, type Measure, type Metric } from './measure';
import { countOf, formatCount, formatDifference, formatShare } from './text';

/** Smallest difference of a style rate that counts, and of mean length as a share of the warm start's. */
const smallestStyleGap = 0.05;
const smallestLengthGap = 0.1;

/** +1 where a warm start raises the metric if there is a cold start, −1 where it lowers it. */
const direction: Record<Metric, 1 | -1> = {
  score: 1,
  formatRate: 1,
  ramblingRate: -1,
  noEosRate: -1,
  meanTokens: -1,
  repetitionRate: -1,
};

interface Pair {
  readonly cold: Group;
  readonly warm: Group;
}

function isGradedShare({ estimate }: Measure): boolean {
  return estimate >= 0 && estimate <= 1;
}

/** Cohen's h between two shares; the standardised mean difference for lengths. */
function effectSize(cold: Measure, warm: Measure): number | null {
  if (cold.metric !== 'meanTokens') {
    if (!isGradedShare(cold) || !isGradedShare(warm)) return null;
    return 2 * Math.asin(Math.sqrt(warm.estimate)) - 2 * Math.asin(Math.sqrt(cold.estimate));
  }
  if (cold.items === null || warm.items === null) return null;
  const spread = Math.sqrt((variance(cold.items) + variance(warm.items)) / 2);
  return spread === 0 ? null : (warm.estimate - cold.estimate) / spread;
}

/** For: surely in the expected direction, and large enough. Against: surely smaller than that. */
function judge(gap: Estimate, sign: 1 | -1, smallest: number): DiagnosisEvidence['speaks'] {
  const bounds = [sign * (gap.low ?? gap.estimate), sign * (gap.high ?? gap.estimate)];
  if (sign * gap.estimate > smallest && Math.min(...bounds) > 0) return 'for';
  return Math.max(...bounds) < smallest ? 'against' : 'neither';
}

function compareMetric(
  inference: Inference,
  { cold, warm }: Pair,
  metric: Metric,
  delta: number,
): DiagnosisEvidence {
  const measures = { cold: inference.measure(cold, metric), warm: inference.measure(warm, metric) };
  const difference = intervalOf(inference.difference(warm, cold, metric));
  const smallest =
    metric === 'score'
      ? delta
      : metric === 'meanTokens'
        ? smallestLengthGap * measures.warm.estimate
        : smallestStyleGap;
  return {
    metric,
    cold: measures.cold.estimate,
    warm: measures.warm.estimate,
    base: inference.measure(inference.grid.base, metric).estimate,
    difference,
    effect: effectSize(measures.cold, measures.warm),
    speaks: judge(difference, direction[metric], smallest),
  };
}

/** A style that was not recorded is NaN in the summary, and is left out. */
function isKnown({ cold, warm }: DiagnosisEvidence): boolean {
  return Number.isFinite(cold) && Number.isFinite(warm);
}

function decide(evidence: readonly DiagnosisEvidence[]): DiagnosisStatus {
  const [score, ...styles] = evidence;
  const anyStyle = styles.some((style) => style.speaks === 'for');
  if (score?.speaks === 'for') return anyStyle || styles.length === 0 ? 'present' : 'unclear';
  return score?.speaks === 'against' && !anyStyle ? 'absent' : 'unclear';
}

function strengthOf(gap: number): 'mild' | 'moderate' | 'strong' {
  return gap < 0.05 ? 'mild' : gap < 0.15 ? 'moderate' : 'strong';
}

function findRepair(inference: Inference, cold: Group, warms: readonly Group[], delta: number): Group | null {
  const repairs = (warm: Group): boolean =>
    judge(intervalOf(inference.difference(warm, cold)), 1, delta) === 'for';
  return warms.find(repairs) ?? null;
}

function start(group: Group): string {
  return `r = ${group.sftFraction} (${countOf(group.sftRows, 'demonstration')})`;
}

function adviseColdStart(
  status: DiagnosisStatus,
  { cold, warm }: Pair,
  repair: Group | null,
  gap: number,
): string {
  if (status === 'present') {
    return `Spend part of these ${formatCount(cold.budget)} rows on SFT first: ${start(warm)} already scores ${formatDifference(gap)} against r = 0.`;
  }
  if (status === 'absent') {
    return `At ${formatCount(cold.budget)} rows ${start(warm)} adds nothing that matters to preference tuning from the base.`;
  }
  if (repair === null) {
    return `At ${formatCount(cold.budget)} rows nothing run here scores surely above r = 0; buy more rows, or repeat over seeds, before deciding.`;
  }
  if (repair === warm) {
    return `At ${formatCount(cold.budget)} rows ${start(warm)} scores above r = 0 (${formatDifference(gap)}), but the style of the answers does not show why; read the samples.`;
  }
  return `At ${formatCount(cold.budget)} rows ${start(warm)} is too little to repair r = 0 surely (${formatDifference(gap)}); the smallest start that does is ${start(repair)}.`;
}

function diagnoseBudget(
  inference: Inference,
  groups: readonly Group[],
  delta: number,
): ColdStartDiagnosis | null {
  const rising = [...groups].sort((a, b) => a.sftFraction - b.sftFraction);
  const cold = rising.find((group) => group.sftFraction === 0);
  const warms = rising.filter((group) => group.sftFraction > 0);
  const warm = warms[0];
  if (cold === undefined || warm === undefined) return null;
  const metrics: readonly Metric[] = ['score', ...styleMetrics];
  const evidence = metrics
    .map((metric) => compareMetric(inference, { cold, warm }, metric, delta))
    .filter(isKnown);
  const status = decide(evidence);
  const gap = evidence[0]?.difference.estimate ?? 0;
  const repair = findRepair(inference, cold, warms, delta);
  return {
    kind: 'cold-start',
    budget: cold.budget,
    status,
    strength: status === 'present' ? strengthOf(gap) : null,
    warmFraction: warm.sftFraction,
    warmSftRows: warm.sftRows,
    repairedBy: repair?.sftFraction ?? null,
    evidence,
    advice: adviseColdStart(status, { cold, warm }, repair, gap),
  };
}

/** Compares r = 0 with the smallest warm start of each budget that has both. */
export function diagnoseColdStart(inference: Inference, delta: number): ColdStartDiagnosis[] {
  return [...groupsByBudget(inference.grid.groups).values()]
    .map((groups) => diagnoseBudget(inference, groups, delta))
    .filter((diagnosis) => diagnosis !== null);
}

/** One line of what the answers look like: "score 0.225 against 0.928, asked format 0.010 against 0.990". */
export function describeColdStart(diagnosis: ColdStartDiagnosis): string {
  const names: Partial<Record<Metric, string>> = {
    score: 'score',
    formatRate: 'asked format',
    ramblingRate: 'rambling',
  };
  return diagnosis.evidence
    .flatMap(({ metric, cold, warm }) => {
      const name = names[metric];
      return name === undefined ? [] : [`${name} ${formatShare(cold)} against ${formatShare(warm)}`];
    })
    .join(', ');
}
