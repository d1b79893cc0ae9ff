import type { StyleRates } from '../contracts/analysis/estimate';
import type { BudgetAnalysis, CellAnalysis, TestAnalysis, TestScore } from '../contracts/analysis/splits';
import type { FailedCellAnalysis, SubjectAnalysis } from '../contracts/analysis/sweep';
import { bestSplits } from '../contracts/best-split';
import { compareBest } from './bounds';
import type { ControlKind } from '../schemas/controls';
import { groupsByBudget, type Group, type Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import type { Metric } from './measure';
import { scoreHeldOut } from './held-out';
import { resampleScores, findRegions, tie, topOf } from './regions';
import { quantile } from './special';

/** The best group, and all with its score. */
function findBest(inference: Inference, groups: readonly Group[]): { best: Group; tied: Group[] } {
  const tied = bestSplits(groups, (group) => ({ ...group, score: inference.measure(group).estimate }));
  return { best: tied[0]!, tied };
}

/**
 * Whether a group may be the best, by multiple comparison with the best: no rival leads it by more than the 95% point of
 * its largest studentised deficit (max-T over the joint resamples). The groups that may be the best are a 95% confidence
 * set for the best.
 */
function mayBeBest(inference: Inference, group: Group, rivals: readonly Group[]): boolean | null {
  const contrasts = rivals.map((rival) => inference.difference(rival, group));
  const largest = new Float64Array(inference.resamples).fill(-Infinity);
  for (const contrast of contrasts) {
    const replicates = inference.replicates(contrast);
    if (replicates === null) return null;
    const error = contrast.standardError ?? 0;
    for (let d = 0; d < largest.length; d++) {
      largest[d] = Math.max(largest[d]!, error === 0 ? 0 : replicates[d]! / error);
    }
  }
  const critical = rivals.length === 0 ? 0 : Math.max(0, quantile(largest, 0.95));
  return contrasts.every(({ estimate, standardError }) => estimate <= critical * (standardError ?? 0) + tie);
}

/** Share of the joint resamples in which each unit is the best; tied units share one. */
function bestShares(resamples: readonly Float64Array[]): number[] {
  const count = resamples[0]!.length;
  const wins = new Float64Array(resamples.length);
  for (let d = 0; d < count; d++) {
    const top = topOf(resamples, d);
    const winners = resamples.flatMap((scores, u) => (scores[d]! >= top - tie ? [u] : []));
    for (const u of winners) wins[u]! += 1 / winners.length;
  }
  return Array.from(wins, (won) => won / count);
}

/** Style rates of a unit, seeds pooled; null where not every run has one. */
export function measureStyle(inference: Inference, unit: Unit): StyleRates {
  const rate = (metric: Metric): number | null => {
    const { estimate } = inference.measure(unit, metric);
    return Number.isNaN(estimate) ? null : estimate;
  };
  return {
    wellFormedRate: rate('wellFormedRate'),
    truncatedRate: rate('truncatedRate'),
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
    bought: group.bought,
    annotationUsd: group.annotationUsd,
    seeds: group.runs.map(({ seed, cellId }, i) => ({ seed, cellId, score: scores[i]! })),
    score: inference.score(group),
    style: measureStyle(inference, group),
    toBest: intervalOf(inference.difference(group, best)),
    distinguishable: standing.mayBeBest === null ? null : !standing.mayBeBest,
    probabilityBest,
  };
}

function analyzeBudget(
  inference: Inference,
  standings: readonly Standing[],
  known: {
    readonly resamples: readonly Float64Array[] | null;
    readonly heldOut: BudgetAnalysis['heldOut'];
    readonly missing: readonly number[];
    readonly test: BudgetAnalysis['test'];
    readonly best: Group;
    readonly tied: readonly Group[];
  },
): BudgetAnalysis {
  const { best, tied, resamples, heldOut, missing, test } = known;
  const groups = standings.map(({ group }) => group);
  const { base } = inference.grid;
  const overBase = base && compareBest(inference, groups, [base]);
  const low = (test?.aboveBase ?? overBase)?.low ?? null;
  const equals = standings.filter((standing) => standing.mayBeBest !== false).map(({ group }) => group);
  const fractionsOf = (list: readonly Group[]): number[] =>
    list.map((group) => group.sftFraction).sort((a, b) => a - b);
  const probabilityBest = standings.find(({ group }) => group === best)?.probabilityBest ?? null;
  const allTied = probabilityBest !== null && equals.length === groups.length;
  return {
    budget: best.budget,
    sftFraction: best.sftFraction,
    sftRows: best.sftRows,
    pairRows: best.pairRows,
    bought: best.bought,
    score: inference.score(best),
    overBase,
    test,
    beatsBase: low === null ? null : low > 0,
    probabilityBest,
    missing,
    noWinner:
      missing.length > 0 ? 'missing-split' : groups.length === 1 ? 'only-split' : allTied ? 'all-tied' : null,
    tied: fractionsOf(tied),
    indistinguishable: fractionsOf(equals),
    regions: findRegions(inference, groups, resamples),
    heldOut,
  };
}

/** SFT shares of a budget, most demonstrations first, that have a failed cell and no finished one. */
function missingSplits(groups: readonly Group[], failedCells: readonly FailedCellAnalysis[]): number[] {
  const { budget } = groups[0]!;
  const failed = failedCells.filter((cell) => cell.budget === budget).map(({ sftFraction }) => sftFraction);
  const finished = new Set(groups.map(({ sftFraction }) => sftFraction));
  return [...new Set(failed)].filter((fraction) => !finished.has(fraction)).sort((a, b) => b - a);
}

interface Chosen {
  readonly failedCells: readonly FailedCellAnalysis[];
  /** Items that splits are compared on. */
  readonly split: SubjectAnalysis['split'];
  readonly tests: readonly TestAnalysis[];
}

/** What was chosen at a budget: a split, or the control of a mixture. */
interface Choice {
  /** Null: the base model with demonstrations in its prompt, which belongs to no budget. */
  readonly budget: number | null;
  readonly sftFraction: number | null;
  /** Left out: the split itself. */
  readonly kind?: ControlKind;
}

/** The score of a choice on test items. Null: it has none. */
export function testScoreOf(
  tests: readonly TestAnalysis[],
  { budget, sftFraction, kind }: Choice,
): TestScore | null {
  const own = tests.find(
    (test) =>
      test.budget === budget &&
      test.sftFraction === sftFraction &&
      (test.control?.kind ?? undefined) === kind,
  );
  return own === undefined ? null : { score: own.score, aboveBase: own.aboveBase, items: own.items };
}

/** Ranks the splits of each budget, with those that are statistically tied with the best. */
export function analyzeBudgets(
  inference: Inference,
  { failedCells, split, tests }: Chosen,
): { cells: CellAnalysis[]; budgets: BudgetAnalysis[] } {
  const cells: CellAnalysis[] = [];
  const budgets: BudgetAnalysis[] = [];
  const heldOut = split === 'validation' ? null : scoreHeldOut(inference.grid);
  for (const [budget, groups] of groupsByBudget(inference.grid.groups)) {
    const resamples = resampleScores(inference, groups);
    const alone = groups.length === 1;
    const shares = alone ? null : resamples && bestShares(resamples);
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
    // One split: there is nothing to select.
    const half = alone ? null : (heldOut?.get(budget) ?? null);
    const missing = missingSplits(groups, failedCells);
    const { sftFraction } = found.best;
    const test = testScoreOf(tests, { budget, sftFraction });
    budgets.push(analyzeBudget(inference, standings, { ...found, resamples, heldOut: half, missing, test }));
  }
  return { cells, budgets };
}
