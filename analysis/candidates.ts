import type { CandidateAnalysis } from '../contracts/analysis/controls';
import type { BudgetAnalysis, TestAnalysis } from '../contracts/analysis/splits';
import { bestSplits, isMixture } from '../contracts/best-split';
import { testScoreOf } from './best';
import { compareBest } from './bounds';
import { isMixtureControl, judge } from './controls';
import type { ControlUnit, Group } from './grid';
import type { Inference } from './inference';

/** Floating-point error of sums of prices. */
const priceNoise = 1e-9;

type Candidate = ControlUnit & { readonly kind: CandidateAnalysis['kind'] };

/** The best mixture of a budget, whose warm start is a purchase of its own. */
function bestMixture(inference: Inference, budget: number): Group | undefined {
  const mixtures = inference.grid.groups.filter((group) => group.budget === budget && isMixture(group));
  return bestSplits(mixtures, (group) => ({ ...group, score: inference.measure(group).estimate }))[0];
}

/** The most that a control may cost at a budget, in US dollars. Undefined: it is no purchase there. */
function limitOf(
  inference: Inference,
  budget: number,
  fewShot: number,
): (unit: ControlUnit) => number | undefined {
  const { grid } = inference;
  const mixture = bestMixture(inference, budget);
  const splits = grid.groups.filter((group) => group.budget === budget);
  const dearest = Math.max(...splits.map(({ annotationUsd }) => annotationUsd));
  return (unit) => {
    if (unit.kind === 'few-shot') return grid.unit === 'rows' && fewShot > budget ? undefined : dearest;
    const isOfBudget = unit.of.budget === budget;
    const isPurchase = isMixtureControl(unit) || (unit.kind === 'warm-start' && unit.of === mixture);
    return isOfBudget && isPurchase ? unit.of.annotationUsd : undefined;
  };
}

/**
 * The controls that can be bought with a budget, the highest score first; on ties the cheapest. They cost no more than
 * their mixture, or than the dearest split.
 */
function rankControls(inference: Inference, budget: number, fewShot: number): Candidate[] {
  const limit = limitOf(inference, budget, fewShot);
  const affordable = inference.grid.controls.filter(
    (unit): unit is Candidate => unit.annotationUsd <= (limit(unit) ?? -Infinity) + priceNoise,
  );
  const scoreOf = (unit: Candidate): number => inference.measure(unit).estimate;
  return affordable.sort((a, b) => scoreOf(b) - scoreOf(a) || a.annotationUsd - b.annotationUsd);
}

interface Rules {
  /** Largest difference in score that does not matter. */
  readonly margin: number;
  readonly tests: readonly TestAnalysis[];
  /** Demonstrations in the prompt of the control `few-shot`. */
  readonly fewShot: number;
}

/** The split that a control belongs to, and the rows that it uses. */
function placeOf({ kind, of }: Candidate, fewShot: number) {
  if (kind === 'few-shot') return { sftFraction: null, sftRows: fewShot, pairRows: 0 };
  const { sftFraction, sftRows, pairRows } = of;
  return { sftFraction, sftRows, pairRows };
}

function analyzeBudget(
  inference: Inference,
  { budget, beatsBase, noWinner }: BudgetAnalysis,
  { margin, tests, fewShot }: Rules,
): CandidateAnalysis[] {
  const units = rankControls(inference, budget, fewShot);
  const [first] = units;
  if (first === undefined) return [];
  const { grid } = inference;
  const splits = grid.groups.filter((group) => group.budget === budget);
  const overBest = compareBest(inference, units, splits);
  const overBase = grid.base && compareBest(inference, units, [grid.base]);
  const isBetter = judge(overBest, margin) === 'helps';
  const { kind, annotationUsd } = first;
  const place = placeOf(first, fewShot);
  const { sftFraction } = place;
  const test = testScoreOf(tests, { budget: sftFraction === null ? null : budget, sftFraction, kind });
  const beats = ((test?.aboveBase ?? overBase)?.low ?? 0) > 0;
  const isOnlyGain = overBest.estimate > 0 && beatsBase === false && beats;
  return [
    {
      budget,
      kind,
      ...place,
      annotationUsd,
      score: inference.score(first),
      overBest,
      overBase,
      test,
      recommended: noWinner !== 'missing-split' && (isBetter || isOnlyGain),
    },
  ];
}

/** For each budget the best control that can be bought instead of a split. */
export function analyzeCandidates(
  inference: Inference,
  budgets: readonly BudgetAnalysis[],
  rules: Rules,
): CandidateAnalysis[] {
  return budgets.flatMap((budget) => analyzeBudget(inference, budget, rules));
}
