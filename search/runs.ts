import type { CellPlan } from '../planning/cell';
import type { UniqueStage } from '../planning/plan';
import type { SearchRun } from './state';

/** Cells as runs of a search, with the modelled seconds of their stages. */
export function searchRunsOf(cells: readonly CellPlan[], stages: readonly UniqueStage[]): SearchRun[] {
  const seconds = new Map(stages.map((unique) => [unique.stage.key, unique.seconds]));
  return cells.map(({ cell, stages: own }) => ({
    id: cell.id,
    budget: cell.budget,
    sftFraction: cell.sftFraction,
    sftRows: cell.sftRows,
    pairRows: cell.pairRows,
    seed: cell.seed,
    stages: own.map(({ key }) => ({ key, seconds: seconds.get(key) ?? 0 })),
  }));
}
