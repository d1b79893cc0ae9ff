import type { GatheredLabels } from '../contracts/labels';
import type {
  BesideScore,
  CellHole,
  CellIdentity,
  CellPage,
  CellResult,
  KeptPage,
  SearchProposal,
  SpendRecord,
  SweepResult,
} from '../contracts/results';
import { onceEach, type PlannedStage, type StageCost, type StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { SweepPlan } from '../planning/plan';
import { besideScores } from './evaluation';
import { keepDocument } from './ledger';
import type { SteeringState } from './steering';
import type { ScoredCell } from './winners';

/** What one run of a sweep hands to the next: small figures, and references into the store. */
export interface Carried {
  readonly base: Pick<SweepResult, 'base' | 'baseFailure' | 'variants' | 'baseStages'>;
  /** Finished cells by id: the score, or null for a hole. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Their scores of unrelated tasks beside, by id; left out where there are none. */
  readonly beside?: Readonly<Record<string, readonly BesideScore[]>>;
  readonly kept: readonly KeptPage[];
  readonly cost: StageCost;
  readonly steering: SteeringState;
  /** What a search has asked for so far. */
  readonly rounds?: readonly SearchProposal[];
  /** What earlier runs have spent on annotation. */
  readonly spend?: SpendRecord;
  /** What stages of earlier runs tell of labels. */
  readonly labels?: readonly GatheredLabels[];
}

const measures = ['wallMs', 'deviceMs', 'cpuMs', 'tokens', 'attempts', 'checkerCalls'] as const;

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

/** Scores by cell after a page: what earlier ones had, and its own. */
export function scoresWith(carried: Carried | undefined, { cells, holes }: CellPage): Carried['scores'] {
  const done = cells.map(({ cell, evaluation }) => [cell.id, evaluation.score] as const);
  const failed = holes.map(({ cell }) => [cell.id, null] as const);
  return { ...carried?.scores, ...Object.fromEntries([...done, ...failed]) };
}

/** The same of unrelated tasks beside. */
export function besideWith(carried: Carried | undefined, { cells }: CellPage): Pick<Carried, 'beside'> {
  const told = cells.flatMap(({ cell: { id }, evaluation }) => {
    const { beside } = besideScores(evaluation);
    return beside === undefined ? [] : [[id, beside] as const];
  });
  const all = { ...carried?.beside, ...Object.fromEntries(told) };
  return Object.keys(all).length === 0 ? {} : { beside: all };
}

/** Cells that have a score, in the plan's order. */
export function scoredCells(plan: SweepPlan, scores: Carried['scores']): ScoredCell[] {
  return plan.cells.flatMap(({ cell }) => {
    const score = scores[cell.id] ?? null;
    return score === null ? [] : [{ cell, score }];
  });
}

/** Stages of the cells that earlier pages finished. */
export function earlierStages(plan: SweepPlan, carried: Carried | undefined): PlannedStage[] {
  const isDone = ({ cell }: CellPlan): boolean => typeof carried?.scores[cell.id] === 'number';
  return stagesOf(plan.cells.filter(isDone));
}

/** Puts a page into the store. */
export async function keepPage(page: CellPage): Promise<KeptPage> {
  return { digest: await keepDocument({ document: page }) };
}

export function splitOutcomes(outcomes: readonly (CellResult | CellHole)[]): CellPage {
  return {
    cells: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [outcome] : [])),
    holes: outcomes.flatMap((outcome) => ('evaluation' in outcome ? [] : [outcome])),
  };
}

export function stagesOf<S extends PlannedStage | StageResult>(
  those: readonly { readonly stages: readonly S[] }[],
): S[] {
  return those.flatMap(({ stages }) => stages);
}
