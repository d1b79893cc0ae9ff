import { describeCoordinates } from '../contracts/coordinates';
import type { SweepDefinition } from '../schemas/definition';
import type { BudgetStanding, SearchProposal, Transfer } from '../contracts/results';
import type { CellPlan } from '../planning/cell';
import { coordinatesSlug } from '../planning/identity';
import type { SweepPlan } from '../planning/plan';
import { type AdaptiveLimits, proposeAdaptive } from './adaptive';
import { measureTransfer, proposeProxy } from './proxy';
import { searchRunsOf } from './runs';
import type { SearchState } from './state';

/** How cells have ended so far, by id: the score, or null where one failed. */
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

/** Every place on the axes is a search of its own. */
function proposeEach(search: Search, limits: AdaptiveLimits): SearchProposal[] {
  return groupCells(search.plan.cells, ({ cell }) => coordinatesSlug(cell.axes)).map((cells) =>
    placed(proposeAdaptive(stateOf(search, cells), limits), cells[0]?.cell.axes),
  );
}

/** A proposal that says at which place on the axes it was made. */
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

/** The axis `model` has the small model first and the large one second; other axes give pairs of their own. */
function modelPairs(search: Search): ModelPair[] {
  const models = search.definition.axes?.['model'];
  const [small] = Array.isArray(models) ? models : [];
  const isSmall = ({ cell }: CellPlan): boolean => cell.axes?.['model'] === small;
  const elsewhere = ({ cell }: CellPlan): string => coordinatesSlug({ ...cell.axes, model: '' });
  return groupCells(search.plan.cells, elsewhere).map((cells) => ({
    small: stateOf(search, cells.filter(isSmall)),
    large: stateOf(
      search,
      cells.filter((cell) => !isSmall(cell)),
    ),
  }));
}

/** How regions transferred from the small model to the large one, where both were run. */
export function measureTransfers(search: Search, epsilon: number): Transfer[] {
  return modelPairs(search).flatMap(({ small, large }) => measureTransfer(small, large, epsilon));
}

function proposeRest({ plan, scores }: Search): SearchProposal {
  const ids = plan.cells.map(({ cell }) => cell.id).filter((id) => !Object.hasOwn(scores, id));
  return { ids, standings: [], reason: 'Every cell of the grid.' };
}

/** What several searches propose, as one batch. */
function joinProposals(proposals: readonly SearchProposal[]): SearchProposal {
  return {
    ids: proposals.flatMap(({ ids }) => ids),
    standings: proposals.flatMap(({ standings }) => standings),
    reason: proposals.map(({ reason }) => reason).join(' '),
  };
}

/**
 * The cells that a sweep runs next, given how others have ended: all of a grid at once, a batch of a search at a time.
 * None means that it is done. Pure, so that a workflow can ask it again on every replay.
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
