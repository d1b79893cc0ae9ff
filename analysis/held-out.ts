import type { BudgetAnalysis } from '../contracts/analysis/splits';
import { clusterByPrompt } from './clusters';
import { groupsByBudget, type Grid, type Group, type Run, type Unit } from './grid';
import { createInference, type Inference } from './inference';

/** Every other item, or every other prompt where items are clustered. */
function inFirstHalf({ clusters }: Grid): (index: number) => boolean {
  return (index) => (clusters === null ? index : clusters.of[index]!) % 2 === 0;
}

function keepRows<Kind extends Unit>(unit: Kind, keeps: (index: number) => boolean): Kind {
  const runs = unit.runs.map((run): Run => ({ ...run, rows: run.rows?.filter((_, i) => keeps(i)) ?? null }));
  return { ...unit, runs };
}

function keepItems(grid: Grid, keeps: (index: number) => boolean): Grid {
  const groups = grid.groups.map((group) => keepRows(group, keeps));
  const rows = groups.flatMap(({ runs }) => runs.map((run) => run.rows)).find((run) => run !== null) ?? [];
  return { ...grid, base: null, controls: [], groups, items: rows.length, clusters: clusterByPrompt(rows) };
}

const isPaired = (groups: readonly Group[]): boolean =>
  groups.every(({ runs }) => runs.every(({ rows }) => rows !== null));

function highest(inference: Inference, groups: readonly Group[]): Group {
  const scores = groups.map((group) => inference.measure(group).estimate);
  return groups[scores.indexOf(Math.max(...scores))]!;
}

/**
 * Unbiased scores by budget: one half of the test items selects the split, the other half scores it. The best score is
 * biased upward on the items that selected it. Null: items cannot be paired.
 */
export function scoreHeldOut(grid: Grid): Map<number, BudgetAnalysis['heldOut']> {
  const first = inFirstHalf(grid);
  const choosing = createInference(keepItems(grid, first), 0);
  const scoring = createInference(
    keepItems(grid, (index) => !first(index)),
    0,
  );
  const score = (groups: readonly Group[]): BudgetAnalysis['heldOut'] => {
    if (grid.items < 2 || !isPaired(groups)) return null;
    const chosen = highest(
      choosing,
      choosing.grid.groups.filter(({ budget }) => budget === groups[0]!.budget),
    );
    const same = scoring.grid.groups.find(({ key }) => key === chosen.key)!;
    return { sftFraction: chosen.sftFraction, items: scoring.grid.items, score: scoring.score(same) };
  };
  return new Map([...groupsByBudget(grid.groups)].map(([budget, groups]) => [budget, score(groups)]));
}
