import type { GatheredLabels } from '../contracts/labels';
import type {
  BaseOutcome,
  FailedCell,
  CellIdentity,
  CellResult,
  ControlResult,
  FailedControl,
  KeptPart,
  SearchProposal,
  SpendRecord,
  SweepLists,
} from '../contracts/results';
import { onceEach, type PlannedStage, type StageCost, type StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { SweepPlan } from '../planning/plan';
import type { Ended, PackedEnded } from './ended';
import type { SteeringState } from './steering';
import type { ScoredCell } from './winners';

/** What one run of a sweep hands to the next: small figures, and references into the store. */
export interface Carried {
  readonly base: BaseOutcome;
  readonly ended: PackedEnded;
  /** Controls that have ended; left out until all cells have. */
  readonly controls?: number;
  readonly kept: readonly KeptPart[];
  readonly cost: StageCost;
  readonly steering: SteeringState;
  /** What earlier runs have spent on annotation. */
  readonly spend?: SpendRecord;
  /** What stages of earlier runs tell of labels. */
  readonly labels?: readonly GatheredLabels[];
}

const measures = ['wallMs', 'deviceMs', 'cpuMs', 'tokens', 'attempts', 'verifierCalls'] as const;

/** What stages took together, over what earlier runs of a sweep took; a stage that several asked for was run once. */
export function costOf(stages: readonly StageResult[], before?: StageCost): StageCost {
  const costs = onceEach(stages).map(({ cost }) => cost);
  const total = (name: keyof StageCost): number =>
    costs.reduce((sum, cost) => sum + cost[name], before?.[name] ?? 0);
  return Object.fromEntries(measures.map((name) => [name, total(name)])) as Record<keyof StageCost, number>;
}

/** The cells of a proposal, in the plan's order. */
export function cellsOf(plan: SweepPlan, { ids }: SearchProposal): CellPlan[] {
  const wanted = new Set(ids);
  return plan.cells.filter(({ cell }) => wanted.has(cell.id));
}

/** Outcomes in the order in which the plan lists their cells. */
export function inPlanOrder<T extends { readonly cell: CellIdentity }>(
  { cells }: SweepPlan,
  outcomes: readonly T[],
): T[] {
  const places = new Map(cells.map(({ cell }, place) => [cell.id, place]));
  return [...outcomes].sort((a, b) => places.get(a.cell.id)! - places.get(b.cell.id)!);
}

/** Cells that have a score, in the plan's order. */
export function scoredCells(plan: SweepPlan, { scores }: Ended): ScoredCell[] {
  return plan.cells.flatMap(({ cell }) => {
    const score = scores[cell.id] ?? null;
    return score === null ? [] : [{ cell, score }];
  });
}

/** Stages of the cells that earlier pages finished. */
export function earlierStages({ cells }: SweepPlan, { scores }: Ended): PlannedStage[] {
  return cells.filter(({ cell }) => typeof scores[cell.id] === 'number').flatMap(({ stages }) => stages);
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
