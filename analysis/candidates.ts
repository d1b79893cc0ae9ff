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

/** The controls of a budget that cost no more than their mixture, the highest score first; on ties the cheapest. */
function rankControls(inference: Inference, budget: number): Candidate[] {
  const mixture = bestMixture(inference, budget);
  const affordable = inference.grid.controls.filter(
    (unit): unit is Candidate =>
      (isMixtureControl(unit) || (unit.kind === 'warm-start' && unit.of === mixture)) &&
      unit.of.budget === budget &&
      unit.annotationUsd <= unit.of.annotationUsd + priceNoise,
  );
  const scoreOf = (unit: Candidate): number => inference.measure(unit).estimate;
  return affordable.sort((a, b) => scoreOf(b) - scoreOf(a) || a.annotationUsd - b.annotationUsd);
}

interface Rules {
  /** Largest difference in score that does not matter. */
  readonly margin: number;
  readonly tests: readonly TestAnalysis[];
}

function analyzeBudget(
  inference: Inference,
  { budget, beatsBase, noWinner }: BudgetAnalysis,
  { margin, tests }: Rules,
): CandidateAnalysis[] {
  const units = rankControls(inference, budget);
  const [first] = units;
  if (first === undefined) return [];
  const { grid } = inference;
  const splits = grid.groups.filter((group) => group.budget === budget);
  const overBest = compareBest(inference, units, splits);
  const overBase = grid.base && compareBest(inference, units, [grid.base]);
  const isBetter = judge(overBest, margin) === 'helps';
  const { kind, of, annotationUsd } = first;
  const test = testScoreOf(tests, { budget, sftFraction: of.sftFraction, kind });
  const beats = ((test?.aboveBase ?? overBase)?.low ?? 0) > 0;
  const isOnlyGain = overBest.estimate > 0 && beatsBase === false && beats;
  return [
    {
      budget,
      kind,
      sftFraction: of.sftFraction,
      sftRows: of.sftRows,
      pairRows: of.pairRows,
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
