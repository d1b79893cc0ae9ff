import { describeCoordinates } from '../core/coordinates';
import type { SweepDefinition } from '../schemas/definition';
import type { BudgetStanding, SearchProposal, Transfer } from '../contracts/results';
import type { CellPlan } from '../planning/cell';
import { coordinatesSlug } from '../planning/identity';
import type { SweepPlan } from '../planning/plan';
import { type AdaptiveLimits, proposeAdaptive } from './adaptive';
import { measureTransfer, proposeProxy } from './proxy';
import { searchRunsOf } from './runs';
import type { SearchState } from './state';

/** Finished cells by id: the score. Null: the cell failed. */
export type Scores = Readonly<Record<string, number | null>>;

interface Search {
  readonly definition: SweepDefinition;
  readonly plan: SweepPlan;
  readonly scores: Scores;
}

function stateOf({ plan, scores, definition }: Search, cells: readonly CellPlan[]): SearchState {
  const ended = cells.filter(({ cell }) => Object.hasOwn(scores, cell.id));
  const { items } = definition.evaluation;
  return {
    runs: searchRunsOf(cells, plan.stages),
    outcomes: ended.flatMap(({ cell: { id } }) => {
      const score = scores[id] ?? null;
      return score === null ? [] : [{ id, score, items }];
    }),
    failed: ended.flatMap(({ cell: { id } }) => (scores[id] === null ? [id] : [])),
  };
}

function groupCells(cells: readonly CellPlan[], keyOf: (cell: CellPlan) => string): CellPlan[][] {
  const groups = new Map<string, CellPlan[]>();
  for (const cell of cells) groups.set(keyOf(cell), [...(groups.get(keyOf(cell)) ?? []), cell]);
  return [...groups.values()];
}

/** Every place on the axes has its own search. */
function proposeEach(search: Search, limits: AdaptiveLimits): SearchProposal[] {
  return groupCells(search.plan.cells, ({ cell }) => coordinatesSlug(cell.axes)).map((cells) =>
    placed(proposeAdaptive(stateOf(search, cells), limits), cells[0]?.cell.axes),
  );
}

/** A proposal with its place on the axes. */
function placed(proposal: SearchProposal, axes: BudgetStanding['axes']): SearchProposal {
  if (axes === undefined) return proposal;
  return {
    ids: proposal.ids,
    standings: proposal.standings.map((standing) => ({ axes, ...standing })),
    reason: `${describeCoordinates(axes)}: ${proposal.reason}`,
  };
}

/** The cells of the small model, and of the large one, at one place on the other axes. */
interface ModelPair {
  readonly small: SearchState;
  readonly large: SearchState;
}

/** The axis `model` has the small model first and the large one second. Every place on the other axes is a pair. */
function modelPairs(search: Search): ModelPair[] {
  const models = search.definition.axes?.['model'];
  const [small] = Array.isArray(models) ? models : [];
  const isSmall = ({ cell }: CellPlan): boolean => cell.axes?.['model'] === small;
  const placeOf = ({ cell }: CellPlan): string => coordinatesSlug({ ...cell.axes, model: '' });
  return groupCells(search.plan.cells, placeOf).map((cells) => ({
    small: stateOf(search, cells.filter(isSmall)),
    large: stateOf(
      search,
      cells.filter((cell) => !isSmall(cell)),
    ),
  }));
}

/** Transfer of regions from the small model to the large one, where both were run. */
export function measureTransfers(search: Search, epsilon: number): Transfer[] {
  return modelPairs(search).flatMap(({ small, large }) => measureTransfer(small, large, epsilon));
}

function proposeRest({ plan, scores }: Search): SearchProposal {
  const ids = plan.cells.map(({ cell }) => cell.id).filter((id) => !Object.hasOwn(scores, id));
  return { ids, standings: [], reason: 'Every cell of the grid.' };
}

/** The proposals of several searches as one batch. */
function joinProposals(proposals: readonly SearchProposal[]): SearchProposal {
  return {
    ids: proposals.flatMap(({ ids }) => ids),
    standings: proposals.flatMap(({ standings }) => standings),
    reason: proposals.map(({ reason }) => reason).join(' '),
  };
}

/**
 * The cells that a sweep runs next: the whole grid at once, or the next batch of a search. Empty: done. Pure, so that a
 * workflow replay gets the same cells.
 */
export function proposeNext(search: Search): SearchProposal {
  const { search: asked, budgetUnit: unit = 'rows' } = search.definition;
  switch (asked.method) {
    case 'adaptive':
      return joinProposals(proposeEach(search, asked));
    case 'proxy':
      return joinProposals(
        modelPairs(search).map((pair) => proposeProxy(pair, { epsilon: asked.epsilon, unit })),
      );
    case 'grid':
      return proposeRest(search);
  }
}
