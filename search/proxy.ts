import { nameBudget } from '../contracts/budget-name';
import type { BudgetUnit } from '../schemas/definition';
import type { SearchProposal, Transfer } from '../contracts/results';
import { type Arm, armsOf, type SearchState } from './state';

/** Settings of the proxy method. */
export interface ProxyLimits {
  /** A fraction is near-optimal on the small model from (1 − epsilon) × the best score on. */
  readonly epsilon: number;
  /** Unit of budgets in messages. */
  readonly unit: BudgetUnit;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The splits that have scores, with their means over seeds. */
function scoredArms({ runs, outcomes }: SearchState): (Arm & { readonly score: number })[] {
  const scores = new Map(outcomes.map(({ id, score }) => [id, score]));
  return armsOf(runs).flatMap((arm) => {
    const seen = arm.runs.flatMap(({ id }) => scores.get(id) ?? []);
    return seen.length === 0 ? [] : [{ ...arm, score: mean(seen) }];
  });
}

/** The near-optimal SFT shares of each budget. */
function regionsOf(state: SearchState, epsilon: number): Map<number, number[]> {
  const arms = scoredArms(state);
  const regions = new Map<number, number[]>();
  for (const budget of new Set(arms.map((arm) => arm.budget))) {
    const here = arms.filter((arm) => arm.budget === budget);
    const best = Math.max(...here.map(({ score }) => score));
    const near = here.filter(({ score }) => score >= (1 - epsilon) * best);
    regions.set(
      budget,
      near.map(({ sftFraction }) => sftFraction),
    );
  }
  return regions;
}

/** The SFT share of the grid nearest to the middle of a region; on ties the larger. */
function midpointOf(region: readonly number[], fractions: readonly number[]): number {
  const middle = (Math.min(...region) + Math.max(...region)) / 2;
  const sorted = [...fractions].sort((a, b) => b - a);
  return sorted.reduce((best, one) => (Math.abs(one - middle) < Math.abs(best - middle) ? one : best));
}

const openRuns = ({ runs, outcomes, failed }: SearchState): string[] => {
  const ended = new Set([...outcomes.map(({ id }) => id), ...failed]);
  return runs.filter(({ id }) => !ended.has(id)).map(({ id }) => id);
};

function pickLarge(
  small: SearchState,
  large: SearchState,
  { epsilon, unit }: ProxyLimits,
): { ids: string[]; words: string[] } {
  const arms = armsOf(large.runs);
  const unfinished = new Set(openRuns(large));
  const ids: string[] = [];
  const words: string[] = [];
  for (const [budget, region] of regionsOf(small, epsilon)) {
    const here = arms.filter((arm) => arm.budget === budget);
    const fraction = midpointOf(
      region,
      here.map(({ sftFraction }) => sftFraction),
    );
    const place = nameBudget(budget, unit);
    words.push(`SFT share ${fraction} at ${place} (region ${Math.min(...region)} to ${Math.max(...region)})`);
    const runs = here.find(({ sftFraction }) => sftFraction === fraction)?.runs ?? [];
    ids.push(...runs.map(({ id }) => id).filter((id) => unfinished.has(id)));
  }
  return { ids, words };
}

/**
 * The next batch of the proxy method (arXiv 2609.01573): the whole grid on a small model, then on the large one, at
 * each budget, the fraction of the grid nearest to the midpoint of the small one's near-optimal region.
 *
 * Pure: the same outcomes give the same batch, in any order.
 */
export function proposeProxy(
  { small, large }: { readonly small: SearchState; readonly large: SearchState },
  limits: ProxyLimits,
): SearchProposal {
  const first = openRuns(small);
  if (first.length > 0) return { ids: first, standings: [], reason: 'The whole grid on the small model.' };
  const { ids, words } = pickLarge(small, large, limits);
  const reason = `Midpoints of the small model’s near-optimal regions: ${words.join(', ')}.`;
  return { ids, standings: [], reason };
}

/**
 * Transfer of regions at budgets that both models have whole: T = |R_small ∩ R_large| ∕ |R_small|, and whether the
 * midpoint of the small one's is in the large one's.
 */
export function measureTransfer(small: SearchState, large: SearchState, epsilon: number): Transfer[] {
  const [smallRegions, largeRegions] = [regionsOf(small, epsilon), regionsOf(large, epsilon)];
  const countOf = (state: SearchState, budget: number): number =>
    scoredArms(state).filter((arm) => arm.budget === budget).length;
  return [...smallRegions].flatMap(([budget, region]) => {
    const other = largeRegions.get(budget);
    const fractions = armsOf(large.runs)
      .filter((arm) => arm.budget === budget)
      .map(({ sftFraction }) => sftFraction);
    if (other === undefined || countOf(large, budget) < fractions.length) return [];
    const common = region.filter((fraction) => other.includes(fraction));
    const hit = other.includes(midpointOf(region, fractions));
    return [{ budget, share: common.length / region.length, hit }];
  });
}
