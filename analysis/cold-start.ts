import type { ColdStartDiagnosis, DiagnosisEvidence, DiagnosisStatus } from '../contracts/analysis/diagnoses';
import type { Estimate } from '../contracts/analysis/estimate';
import { groupsByBudget, type Group } from './grid';
import { intervalOf, type Inference } from './inference';
import { styleMetrics, type Measure, type Metric } from './measure';
import { variance } from './moments';
import { countOf, formatScore, formatSigned } from '../contracts/text';
import { sayBudget } from './text';
import { hasFewSteps } from './training';

/** A small effect, by Cohen's convention. Without style rates, the score must differ by as much. */
const smallEffect = 0.2;

/** Smallest differences that count: of a style rate; of mean length, as a share of the warm start's. */
const smallestStyleGap = 0.05;
const smallestLengthGap = 0.1;

/** In a cold start, a warm start raises (+1) or lowers (−1) the metric. */
const direction: Record<Metric, 1 | -1> = {
  score: 1,
  wellFormedRate: 1,
  truncatedRate: -1,
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

/** For: significant in the expected direction, and large enough. Against: significantly smaller than that. */
function judge(gap: Estimate, sign: 1 | -1, smallest: number): DiagnosisEvidence['speaks'] {
  const bounds = [sign * (gap.low ?? gap.estimate), sign * (gap.high ?? gap.estimate)];
  if (sign * gap.estimate > smallest && Math.min(...bounds) > 0) return 'for';
  return Math.max(...bounds) < smallest ? 'against' : 'neither';
}

function baseOf(inference: Inference, metric: Metric): number | null {
  const { base } = inference.grid;
  const estimate = base === null ? Number.NaN : inference.measure(base, metric).estimate;
  return Number.isNaN(estimate) ? null : estimate;
}

/** The gap above a share that is a small effect. */
function smallGap(share: number): number {
  if (!(share >= 0 && share <= 1)) return 0;
  return Math.sin(Math.min(Math.PI / 2, Math.asin(Math.sqrt(share)) + smallEffect / 2)) ** 2 - share;
}

function smallestStyle({ metric, estimate }: Measure): number {
  return metric === 'meanTokens' ? smallestLengthGap * estimate : smallestStyleGap;
}

function compareMetric(
  inference: Inference,
  { cold, warm }: Pair,
  metric: Metric,
  smallestScore: number,
): DiagnosisEvidence {
  const measures = { cold: inference.measure(cold, metric), warm: inference.measure(warm, metric) };
  const difference = intervalOf(inference.difference(warm, cold, metric));
  const smallest = metric === 'score' ? smallestScore : smallestStyle(measures.warm);
  return {
    metric,
    cold: measures.cold.estimate,
    warm: measures.warm.estimate,
    base: baseOf(inference, metric),
    difference,
    effect: effectSize(measures.cold, measures.warm),
    speaks: judge(difference, direction[metric], smallest),
  };
}

/** Styles that were not recorded are NaN. */
function isKnown({ cold, warm }: DiagnosisEvidence): boolean {
  return Number.isFinite(cold) && Number.isFinite(warm);
}

function decide(evidence: readonly DiagnosisEvidence[]): DiagnosisStatus {
  const [score, ...styles] = evidence;
  const anyStyle = styles.some((style) => style.speaks === 'for');
  if (score?.speaks === 'for') return anyStyle || styles.length === 0 ? 'present' : 'unclear';
  return score?.speaks === 'against' && !anyStyle ? 'absent' : 'unclear';
}

function strengthOf(effect: number, recovered: number | null): 'mild' | 'moderate' | 'strong' {
  if (effect >= 0.8) return 'strong';
  return effect >= 0.5 || (recovered !== null && recovered < 0.5) ? 'moderate' : 'mild';
}

/** Gain of SFT share 0 over the base as a share of the warm start's. */
function recoveredShare({ base, cold, warm }: DiagnosisEvidence): number | null {
  return base === null || warm <= base ? null : (cold - base) / (warm - base);
}

/** Score and style rates of both starts. Without style rates, a larger score difference is required. */
function gatherEvidence(inference: Inference, pair: Pair, margin: number): DiagnosisEvidence[] {
  const styles = styleMetrics.map((metric) => compareMetric(inference, pair, metric, margin)).filter(isKnown);
  const alone = Math.max(margin, smallGap(inference.measure(pair.cold).estimate));
  return [compareMetric(inference, pair, 'score', styles.length === 0 ? alone : margin), ...styles];
}

function findRepair(
  inference: Inference,
  cold: Group,
  warms: readonly Group[],
  margin: number,
): Group | null {
  const repairs = (warm: Group): boolean =>
    judge(intervalOf(inference.difference(warm, cold)), 1, margin) === 'for';
  return warms.find(repairs) ?? null;
}

function start(group: Group): string {
  return `SFT share ${group.sftFraction} (${countOf(group.sftRows, 'demonstration')})`;
}

/** How far SFT share 0 is behind at a budget. */
interface Gap {
  /** "256 rows", "$5". */
  readonly rows: string;
  readonly gap: number;
  readonly margin: number;
}

/** SFT share 0 is behind, but by too little for a cold start. */
function adviseAbsent({ warm }: Pair, { rows, gap, margin }: Gap): string {
  const at = `At ${rows}`;
  if (gap <= margin) return `${at} ${start(warm)} does not improve on preference tuning without SFT.`;
  return `${at} SFT share 0 is ${formatSigned(-gap)} behind ${start(warm)}, a small effect: it learns, but less.`;
}

function adviseColdStart(
  status: DiagnosisStatus,
  { cold, warm }: Pair,
  repair: Group | null,
  size: Gap,
): string {
  const { rows, gap } = size;
  if (status === 'present') {
    return `Spend part of these ${rows} on SFT first: ${start(warm)} already scores ${formatSigned(gap)} against SFT share 0.`;
  }
  if (status === 'absent') return adviseAbsent({ cold, warm }, size);
  if (repair === null) {
    return `At ${rows} no split is significantly above SFT share 0: buy more rows, or run more seeds, before deciding.`;
  }
  if (repair === warm) {
    return `At ${rows} ${start(warm)} scores above SFT share 0 (${formatSigned(gap)}), but the style rates do not show why: read the samples.`;
  }
  return `At ${rows} ${start(warm)} does not score significantly above SFT share 0 (${formatSigned(gap)}); the smallest warm start that does is ${start(repair)}.`;
}

function diagnoseBudget(
  inference: Inference,
  groups: readonly Group[],
  margin: number,
): ColdStartDiagnosis | null {
  const rising = [...groups].sort((a, b) => a.sftFraction - b.sftFraction);
  const cold = rising.find((group) => group.sftFraction === 0);
  const warms = rising.filter((group) => group.sftFraction > 0);
  const warm = warms[0];
  if (cold === undefined || warm === undefined) return null;
  const evidence = gatherEvidence(inference, { cold, warm }, margin);
  const [score] = evidence;
  const isTested = !hasFewSteps(cold);
  const status = isTested ? decide(evidence) : 'unclear';
  const gap = score!.difference.estimate;
  const recovered = recoveredShare(score!);
  const repair = findRepair(inference, cold, warms, margin);
  const rows = sayBudget(cold.budget, inference.grid.unit);
  return {
    kind: 'cold-start',
    budget: cold.budget,
    status,
    strength: status === 'present' ? strengthOf(score!.effect ?? 0, recovered) : null,
    recovered,
    warmFraction: warm.sftFraction,
    warmSftRows: warm.sftRows,
    repairedBy: repair?.sftFraction ?? null,
    evidence,
    advice: isTested
      ? adviseColdStart(status, { cold, warm }, repair, { rows, gap, margin })
      : `At ${rows} preference tuning at SFT share 0 is under-trained, so it does not show whether there is a cold start.`,
  };
}

/** Compares SFT share 0 with the smallest warm start of each budget that has both. */
export function diagnoseColdStart(inference: Inference, margin: number): ColdStartDiagnosis[] {
  return [...groupsByBudget(inference.grid.groups).values()]
    .map((groups) => diagnoseBudget(inference, groups, margin))
    .filter((diagnosis) => diagnosis !== null);
}

/** One line on the answers: "score 0.225 against 0.928, asked format 0.010 against 0.990". */
export function describeColdStart(diagnosis: ColdStartDiagnosis): string {
  const names: Partial<Record<Metric, string>> = {
    score: 'score',
    wellFormedRate: 'asked format',
    truncatedRate: 'truncated',
  };
  return diagnosis.evidence
    .flatMap(({ metric, cold, warm }) => {
      const name = names[metric];
      return name === undefined ? [] : [`${name} ${formatScore(cold)} against ${formatScore(warm)}`];
    })
    .join(', ');
}
