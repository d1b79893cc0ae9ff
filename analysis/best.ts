import type {
  BudgetAnalysis,
  CellAnalysis,
  Estimate,
  NearOptimalRegion,
  StyleRates,
} from '../contracts/analysis';
import { boundBest, crossUnits, simultaneousCritical, simultaneousHalf } from './bounds';
import { groupsByBudget, type Group, type Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import type { Metric } from './measure';
import { quantile } from './special';

/** Scores closer than this are equal: they differ by rounding alone. */
const tie = 1e-9;

/** Share of the best that a near-optimal split may lose. */
const epsilon = 0.05;

/** The best group: the highest score; among equals the cheapest, then the one with the smallest fraction. */
function findBest(inference: Inference, groups: readonly Group[]): { best: Group; tied: Group[] } {
  const scores = groups.map((group) => inference.measure(group).estimate);
  const top = Math.max(...scores);
  const tied = groups
    .filter((_, i) => scores[i]! >= top - tie)
    .sort((a, b) => a.annotationUsd - b.annotationUsd || a.sftFraction - b.sftFraction);
  return { best: tied[0]!, tied };
}

/**
 * Whether a group may be the best, by multiple comparison with the best: no rival is ahead of it by more than the
 * 95 % point of its largest studentised deficit (max-T over the joint draws). All groups that may be the best are
 * a confidence set for the one that is.
 */
function mayBeBest(inference: Inference, group: Group, rivals: readonly Group[]): boolean | null {
  const contrasts = rivals.map((rival) => inference.difference(rival, group));
  const largest = new Float64Array(inference.draws).fill(-Infinity);
  for (const contrast of contrasts) {
    const deviations = inference.deviations(contrast);
    if (deviations === null) return null;
    const error = contrast.standardError ?? 0;
    for (let d = 0; d < largest.length; d++) {
      largest[d] = Math.max(largest[d]!, error === 0 ? 0 : deviations[d]! / error);
    }
  }
  const critical = rivals.length === 0 ? 0 : Math.max(0, quantile(largest, 0.95));
  return contrasts.every(({ estimate, standardError }) => estimate <= critical * (standardError ?? 0) + tie);
}

/** Share of the joint draws in which each unit is the best; units that tie share a draw. */
function bestShares(inference: Inference, units: readonly Unit[]): number[] | null {
  const drawn = units.map((unit) => {
    const score = inference.contrast([{ unit, weight: 1 }]);
    return inference.deviations(score)?.map((deviation) => score.estimate + deviation);
  });
  const known = drawn.filter((draws) => draws !== undefined);
  if (known.length < units.length) return null;
  const wins = new Float64Array(units.length);
  for (let d = 0; d < inference.draws; d++) {
    const top = Math.max(...known.map((draws) => draws[d]!));
    const winners = known.flatMap((draws, u) => (draws[d]! >= top - tie ? [u] : []));
    for (const u of winners) wins[u]! += 1 / winners.length;
  }
  return Array.from(wins, (count) => count / inference.draws);
}

function nearOptimalRegion(inference: Inference, groups: readonly Group[], top: number): NearOptimalRegion {
  const near = groups.filter((group) => inference.measure(group).estimate >= (1 - epsilon) * top - tie);
  const fractions = near.map((group) => group.sftFraction).sort((a, b) => a - b);
  const low = fractions[0] ?? 0;
  const high = fractions[fractions.length - 1] ?? 0;
  return { epsilon, fractions, low, high, width: high - low, count: fractions.length };
}

/** Style rates of a unit, seeds pooled; null where not every run has one. */
export function measureStyle(inference: Inference, unit: Unit): StyleRates {
  const rate = (metric: Metric): number | null => {
    const { estimate } = inference.measure(unit, metric);
    return Number.isNaN(estimate) ? null : estimate;
  };
  return {
    formatRate: rate('formatRate'),
    ramblingRate: rate('ramblingRate'),
    noEosRate: rate('noEosRate'),
    meanTokens: rate('meanTokens'),
    repetitionRate: rate('repetitionRate'),
  };
}

interface Standing {
  readonly group: Group;
  readonly probabilityBest: number | null;
  readonly mayBeBest: boolean | null;
}

function analyzeCell(inference: Inference, standing: Standing, best: Group): CellAnalysis {
  const { group, probabilityBest } = standing;
  const scores = inference.measure(group).byRun;
  return {
    budget: group.budget,
    sftFraction: group.sftFraction,
    sftRows: group.sftRows,
    pairRows: group.pairRows,
    annotationUsd: group.annotationUsd,
    seeds: group.runs.map(({ seed, cellId }, i) => ({ seed, cellId, score: scores[i]! })),
    score: inference.score(group),
    style: measureStyle(inference, group),
    toBest: intervalOf(inference.difference(group, best)),
    distinguishable: standing.mayBeBest === null ? null : !standing.mayBeBest,
    probabilityBest,
  };
}

/** The best of the groups less the base; that the best was chosen among them is paid for in the bounds. */
function boundOverBase(inference: Inference, groups: readonly Group[]): Estimate | null {
  const { base } = inference.grid;
  if (base === null) return null;
  const matrix = crossUnits(inference, groups, [base]);
  return boundBest(matrix, simultaneousHalf(simultaneousCritical(inference, [matrix])));
}

function analyzeBudget(
  inference: Inference,
  standings: readonly Standing[],
  { best, tied }: { best: Group; tied: readonly Group[] },
): BudgetAnalysis {
  const groups = standings.map(({ group }) => group);
  const overBase = boundOverBase(inference, groups);
  const equals = standings.filter((standing) => standing.mayBeBest !== false).map(({ group }) => group);
  const fractionsOf = (list: readonly Group[]): number[] =>
    list.map((group) => group.sftFraction).sort((a, b) => a - b);
  return {
    budget: best.budget,
    sftFraction: best.sftFraction,
    sftRows: best.sftRows,
    pairRows: best.pairRows,
    score: inference.score(best),
    overBase,
    beatsBase: overBase === null || overBase.low === null ? null : overBase.low > 0,
    probabilityBest: standings.find(({ group }) => group === best)?.probabilityBest ?? null,
    tied: fractionsOf(tied),
    indistinguishable: fractionsOf(equals),
    region: nearOptimalRegion(inference, groups, inference.measure(best).estimate),
  };
}

/** Ranks the splits of each budget, and says which cannot be told from the best. */
export function analyzeBudgets(inference: Inference): { cells: CellAnalysis[]; budgets: BudgetAnalysis[] } {
  const cells: CellAnalysis[] = [];
  const budgets: BudgetAnalysis[] = [];
  for (const groups of groupsByBudget(inference.grid.groups).values()) {
    const shares = bestShares(inference, groups);
    const standings = groups.map((group, i) => ({
      group,
      probabilityBest: shares?.[i] ?? null,
      mayBeBest: mayBeBest(
        inference,
        group,
        groups.filter((rival) => rival !== group),
      ),
    }));
    const found = findBest(inference, groups);
    cells.push(...standings.map((standing) => analyzeCell(inference, standing, found.best)));
    budgets.push(analyzeBudget(inference, standings, found));
  }
  return { cells, budgets };
}
