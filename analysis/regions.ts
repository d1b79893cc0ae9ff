import {
  type BudgetAnalysis,
  type NearOptimalRegion,
  type RegionTransfer,
  tie,
} from '../contracts/analysis/splits';
import type { SubjectName } from '../contracts/analysis/sweep';
import type { Group, Unit } from './grid';
import type { Inference } from './inference';
import { subjectKey } from './subjects';

/** A split is near-optimal from (1 − epsilon) × the best score on. */
const epsilons = [0.05, 0.1] as const;

export { tie };

/** Joint resamples of each unit's score. Null: one has no standard error. */
export function resampleScores(inference: Inference, units: readonly Unit[]): Float64Array[] | null {
  const drawn = units.map((unit) => {
    const score = inference.contrast([{ unit, weight: 1 }]);
    return inference.replicates(score)?.map((deviation) => score.estimate + deviation);
  });
  const known = drawn.filter((resamples) => resamples !== undefined);
  return known.length < units.length ? null : known;
}

/** Largest of the units' scores in one resample. */
export function topOf(resamples: readonly Float64Array[], d: number): number {
  let top = -Infinity;
  for (const scores of resamples) top = Math.max(top, scores[d]!);
  return top;
}

/** Share of the joint resamples in which each unit is within epsilon of the best. */
function membershipShares(resamples: readonly Float64Array[], epsilon: number): number[] {
  const count = resamples[0]!.length;
  const inside = new Float64Array(resamples.length);
  for (let d = 0; d < count; d++) {
    const least = (1 - epsilon) * topOf(resamples, d) - tie;
    resamples.forEach((scores, u) => (inside[u]! += Number(scores[d]! >= least)));
  }
  return Array.from(inside, (hits) => hits / count);
}

const rising = (fractions: readonly number[]): number[] => [...fractions].sort((a, b) => a - b);

function settle(groups: readonly Group[], shares: readonly number[] | null): NearOptimalRegion['settled'] {
  if (shares === null) return null;
  const where = (holds: (share: number) => boolean): number[] =>
    rising(groups.filter((_, i) => holds(shares[i]!)).map((group) => group.sftFraction));
  return {
    certain: where((share) => share >= 0.95),
    excluded: where((share) => share <= 0.05),
    unsettled: where((share) => share > 0.05 && share < 0.95),
  };
}

function regionOf(
  inference: Inference,
  groups: readonly Group[],
  sure: { epsilon: number; resamples: readonly Float64Array[] | null },
): NearOptimalRegion {
  const { epsilon, resamples } = sure;
  const scores = groups.map((group) => inference.measure(group).estimate);
  const least = (1 - epsilon) * Math.max(...scores) - tie;
  const fractions = rising(groups.filter((_, i) => scores[i]! >= least).map((group) => group.sftFraction));
  const [low, high] = [fractions[0]!, fractions[fractions.length - 1]!];
  const settled = settle(groups, resamples && membershipShares(resamples, epsilon));
  return { epsilon, fractions, low, high, width: high - low, count: fractions.length, settled };
}

/** The near-optimal splits of one budget, with their uncertainty. */
export function findRegions(
  inference: Inference,
  groups: readonly Group[],
  resamples: readonly Float64Array[] | null,
): NearOptimalRegion[] {
  return epsilons.map((epsilon) => regionOf(inference, groups, { epsilon, resamples }));
}

/** |R_small ∩ R_large| / |R_small|: the share of one region that is also in the other. */
export function overlapShare(small: NearOptimalRegion, large: NearOptimalRegion): number {
  return small.fractions.filter((fraction) => large.fractions.includes(fraction)).length / small.count;
}

/** Transfer of the region of each budget to each larger one. */
export function transferBetweenBudgets(
  budgets: readonly Pick<BudgetAnalysis, 'budget' | 'regions'>[],
): RegionTransfer[] {
  return budgets.flatMap((small, i) =>
    budgets.slice(i + 1).flatMap((large) =>
      small.regions.map((region, e) => ({
        epsilon: region.epsilon,
        from: small.budget,
        to: large.budget,
        share: overlapShare(region, large.regions[e]!),
      })),
    ),
  );
}

/** The transfer between the regions of two models at one budget of one task. */
export interface ModelTransfer extends Omit<SubjectName, 'model'> {
  readonly budget: number;
  readonly from: string;
  readonly to: string;
  readonly epsilon: number;
  readonly share: number;
}

type Regions = SubjectName & {
  readonly budgets: readonly Pick<BudgetAnalysis, 'budget' | 'regions'>[];
};

function carryOver(from: Regions, to: Regions): ModelTransfer[] {
  return from.budgets.flatMap(({ budget, regions }) => {
    const there = to.budgets.find((other) => other.budget === budget);
    if (there === undefined) return [];
    return regions.map((region, e) => ({
      task: from.task,
      axes: from.axes,
      budget,
      from: from.model,
      to: to.model,
      epsilon: region.epsilon,
      share: overlapShare(region, there.regions[e]!),
    }));
  });
}

/** Whether two subjects differ by model alone. */
function differByModelOnly(one: SubjectName, other: SubjectName): boolean {
  return one.model !== other.model && subjectKey({ ...one, model: other.model }) === subjectKey(other);
}

/**
 * Transfer of the region of each model to each other model of its task and place on the axes, at common budgets.
 */
export function transferBetweenModels(subjects: readonly Regions[]): ModelTransfer[] {
  return subjects.flatMap((from) =>
    subjects.filter((to) => differByModelOnly(from, to)).flatMap((to) => carryOver(from, to)),
  );
}
