import type {
  FailedCell,
  CellIdentity,
  CellResult,
  ControlResult,
  FailedControl,
  SearchProposal,
  SweepLists,
} from '../contracts/results';
import { uniqueResults, type PlannedStage, type StageCost, type StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import { asMade } from '../planning/money';
import type { SweepPlan } from '../planning/plan';
import type { CellScores } from './cell-scores';
import type { ContinueAsNewState } from './continue-as-new';

const measures = ['wallMs', 'deviceMs', 'cpuMs', 'tokens', 'attempts', 'verifierCalls'] as const;

/** Total cost of the stages plus that of earlier runs. A stage that several cells asked for counts once. */
export function costOf(stages: readonly StageResult[], before?: StageCost): StageCost {
  const costs = uniqueResults(stages).map(({ cost }) => cost);
  const total = (name: keyof StageCost): number =>
    costs.reduce((sum, cost) => sum + cost[name], before?.[name] ?? 0);
  return Object.fromEntries(measures.map((name) => [name, total(name)])) as Record<keyof StageCost, number>;
}

/** The cells that a search proposes, in the plan's order. */
export function cellsOf(plan: SweepPlan, { ids }: SearchProposal): CellPlan[] {
  const wanted = new Set(ids);
  return plan.cells.filter(({ cell }) => wanted.has(cell.id));
}

/** Sorts outcomes into the plan's order. */
export function inPlanOrder<T extends { readonly cell: CellIdentity }>(
  { cells }: SweepPlan,
  outcomes: readonly T[],
): T[] {
  const places = new Map(cells.map(({ cell }, place) => [cell.id, place]));
  return [...outcomes].sort((a, b) => places.get(a.cell.id)! - places.get(b.cell.id)!);
}

/** Places of cells that have a score without every stage of their plan: they caught a failure. */
export function partialCells({ cells }: SweepPlan, results: readonly CellResult[]): number[] {
  const finished = new Map(
    results.map(({ cell, stages }) => [cell.id, new Set(stages.map(({ key }) => key))]),
  );
  return cells.flatMap(({ cell, stages }, place) => {
    const keys = finished.get(cell.id);
    return keys !== undefined && stages.some(({ key }) => !keys.has(key)) ? [place] : [];
  });
}

/** Planned stages that earlier runs finished, with the labels that they have; those of partial cells are left out. */
export function earlierStages(
  { cells }: SweepPlan,
  { scores }: CellScores,
  { partial = [], labelsByNest = {} }: Pick<ContinueAsNewState, 'partial' | 'labelsByNest'> = {},
): PlannedStage[] {
  const whole = cells.filter((_, place) => !partial.includes(place));
  const finished = whole.filter(({ cell }) => typeof scores[cell.id] === 'number');
  return finished.flatMap(({ stages }) =>
    stages.map((stage) => asMade(stage, { labels: labelsByNest[stage.nest ?? ''] })),
  );
}

export function splitOutcomes(
  outcomes: readonly (CellResult | FailedCell)[],
): Pick<SweepLists, 'cells' | 'failedCells'> {
  return {
    cells: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [outcome] : [])),
    failedCells: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [] : [outcome])),
  };
}

export function splitControls(
  outcomes: readonly (ControlResult | FailedControl)[],
): Pick<SweepLists, 'controls' | 'failedControls'> {
  return {
    controls: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [outcome] : [])),
    failedControls: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [] : [outcome])),
  };
}
