import { continueAsNew, startChild, workflowInfo } from '@temporalio/workflow';
import { nameBudget } from '../contracts/budget-name';
import { describeCoordinates } from '../contracts/coordinates';
import type { ResolvedSweep } from '../contracts/definition';
import { nameUsd } from '../contracts/money';
import type {
  CellHole,
  CellPage,
  CellResult,
  ControlResult,
  SearchProposal,
  SweepReturn,
} from '../contracts/results';
import type { SearchAttribute } from '../contracts/search-attributes';
import type { StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { ControlPlan } from '../planning/controls';
import { planSweep } from '../planning/plan';
import { cellAttributes } from '../planning/search-attributes';
import { proposeNext } from '../search/next-batch';
import { recordSearch } from '../search/record';
import { allocationExperiment } from './allocation-experiment';
import { Board } from './board';
import { atOnce, basesOf, evaluateBases, runChain, summarizeChain } from './chains';
import type { Sweep } from './chains';
import { readFailure } from './failures';
import { openExperiment, recordAll, sealLedger, tellingOfFailure } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import {
  besideWith,
  cellsOf,
  costOf,
  inPlanOrder,
  keepPage,
  scoredCells,
  scoresWith,
  earlierStages,
  splitOutcomes,
  stagesOf,
} from './pages';
import type { Carried } from './pages';
import { planOrFail } from './planned';
import { Purse } from './purse';
import { Steering } from './steering';
import { winningMixtures } from './winners';
import type { ScoredCell } from './winners';
import { runInWindow } from './window';

/** Input of `allocationSweep`. */
export interface AllocationSweepInput {
  readonly resolved: ResolvedSweep;
  readonly orchestration?: Partial<Orchestration>;
  /** What the run before this one handed over; undefined for the first. */
  readonly carried?: Carried;
}

const isSearch = ({ resolved: { definition } }: Sweep): boolean => (definition.strategy ?? 'grid') !== 'grid';

const idOf = ({ cell: { id }, stages }: CellPlan) => ({ id, stages });

function summaryOf({ cell }: CellPlan): string {
  const budget = cell.budgetUnit === 'usd' ? nameBudget(cell.budget, 'usd') : `${cell.budget} rows`;
  const place = `${budget}, ${cell.sftFraction} SFT, seed ${cell.seed}`;
  return cell.axes === undefined ? place : `${place}, ${describeCoordinates(cell.axes)}`;
}

/** Cells are indexed where the sweep itself is: a server that knows no attributes refuses whoever has some. */
function attributesOf({ plan: { sweepId, definitionDigest } }: Sweep, cellPlan: CellPlan): SearchAttribute[] {
  const { typedSearchAttributes: own } = workflowInfo();
  const isIndexed = own.get({ name: 'BudgetlineSweep', type: 'KEYWORD' }) !== undefined;
  return isIndexed ? cellAttributes(cellPlan, { sweepId, definitionDigest }) : [];
}

async function runChild(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult> {
  const { plan, orchestration, steering, purse } = sweep;
  const { id, axes } = cellPlan.cell;
  const parent = {
    ...{ cellId: id, experimentId: plan.sweepId },
    ...(axes === undefined ? {} : { axes }),
    ...purse.grant(id),
  };
  const child = await startChild(allocationExperiment, {
    workflowId: id,
    args: [{ resolved: cellPlan.experiment, parent, orchestration }],
    staticSummary: summaryOf(cellPlan),
    typedSearchAttributes: attributesOf(sweep, cellPlan),
  });
  return steering.lead(child);
}

function notBegun({ purse, resolved, board }: Sweep, cellPlan: CellPlan): CellHole {
  board.cell(cellPlan, 'left-out');
  const limit = nameUsd(resolved.definition.spendLimit ?? 0);
  const message = `Not begun: with ${nameUsd(purse.record.usd)} spent and what was running, it could have passed the limit of ${limit}.`;
  return { cell: cellPlan.cell, code: 'SPEND_LIMIT', message };
}

/** A cell's result, or the hole that it leaves: the sweep goes on without it. */
async function runCell(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult | CellHole> {
  const { id } = cellPlan.cell;
  if (!sweep.purse.begin(id, cellPlan.stages, atOnce(sweep))) return notBegun(sweep, cellPlan);
  sweep.board.cell(cellPlan, 'running');
  try {
    const result = await runChild(sweep, cellPlan);
    sweep.finished.push(...result.stages);
    sweep.purse.end(id, result.stages);
    sweep.board.cell(cellPlan, 'done', result);
    return result;
  } catch (error) {
    const { reason, left } = readFailure(error);
    sweep.purse.fail(id, left);
    sweep.board.cell(cellPlan, 'failed');
    return { cell: cellPlan.cell, ...reason };
  }
}

async function runControl(sweep: Sweep, control: ControlPlan): Promise<ControlResult[]> {
  const { id, kind, setting, of, experiment: resolved, stages: planned } = control;
  const { purse, board } = sweep;
  const begins = purse.begin(id, planned, atOnce(sweep));
  board.control(id, begins ? 'running' : 'left-out');
  if (!begins) return [];
  const chain = await runChain(sweep, { id, resolved, stages: planned });
  board.control(id, chain.failure === undefined ? 'done' : 'failed');
  if (chain.failure !== undefined) return [];
  const named = setting === undefined ? {} : { setting };
  return [{ kind, ...named, of: of.id, evaluation: summarizeChain(chain), stages: chain.stages }];
}

/** Those beside the mixtures that have won, and those that the plan names. */
function controlsOf({ plan }: Sweep, scored: readonly ScoredCell[]): ControlPlan[] {
  const { certain, besideWinners } = plan.controls;
  const beside = winningMixtures(scored).flatMap(({ cell }) =>
    besideWinners.filter(({ of }) => of.id === cell.id),
  );
  return [...beside, ...certain];
}

async function runControls(sweep: Sweep, scored: readonly ScoredCell[]): Promise<ControlResult[]> {
  if (sweep.resolved.definition.controls.length === 0) return [];
  sweep.board.enter('controls');
  const controls = controlsOf(sweep, scored);
  sweep.purse.expect(controls);
  const groups = await runInWindow(
    controls,
    () => sweep.steering.width,
    (control) => runControl(sweep, control),
  );
  return groups.flat();
}

type Outcome = CellResult | CellHole;

function proposeAfter({ plan, carried, resolved }: Sweep, outcomes: readonly Outcome[]): SearchProposal {
  const scores = scoresWith(carried, splitOutcomes(outcomes));
  return proposeNext({ plan, scores, definition: resolved.definition });
}

/** The cells of this run, a batch at a time; outcomes in the plan's order, whichever finished first. */
async function runPage(sweep: Sweep): Promise<CellPage & { readonly isLast: boolean }> {
  const { plan, orchestration, rounds, purse } = sweep;
  const outcomes: Outcome[] = [];
  for (;;) {
    const proposal = proposeAfter(sweep, outcomes);
    const isLast = proposal.ids.length === 0;
    const page = splitOutcomes(inPlanOrder(plan, outcomes));
    if (!isLast && outcomes.length >= orchestration.pageSize) return { ...page, isLast };
    rounds.push(proposal);
    if (isLast) return { ...page, isLast };
    const asked = cellsOf(plan, proposal);
    // What later pages plan is not there for this one to spend.
    purse.expect(asked.map(idOf));
    const batch = asked.slice(0, orchestration.pageSize - outcomes.length);
    const width = (): number => sweep.steering.width;
    outcomes.push(...(await runInWindow(batch, width, (cell) => runCell(sweep, cell))));
  }
}

/** Goes on in a new run once nothing is under way: children have ended, updates have their answers. */
async function turnPage(sweep: Sweep, base: Carried['base'], page: CellPage): Promise<never> {
  const { resolved, orchestration, carried, steering, plan, rounds, purse, board } = sweep;
  const stages = stagesOf(page.cells);
  await recordAll(plan.sweepId, stages);
  const kept = [...(carried?.kept ?? []), await keepPage(page)];
  await steering.settle();
  const scores = scoresWith(carried, page);
  const cost = costOf(stages, carried?.cost);
  return continueAsNew<typeof allocationSweep>({
    ...{ resolved, orchestration },
    carried: {
      ...{ base, scores, kept, cost, steering: steering.state, spend: purse.record },
      ...besideWith(carried, page),
      ...(isSearch(sweep) ? { rounds } : {}),
      ...(board.labels.length === 0 ? {} : { labels: board.labels }),
    },
  });
}

async function runSweep(sweep: Sweep): Promise<SweepReturn> {
  const { resolved, plan, carried, board, purse, rounds } = sweep;
  const { sweepId, definitionDigest } = plan;
  const { definition } = resolved;
  if (carried === undefined) await openExperiment({ experimentId: sweepId, definitionDigest, definition });
  const next = cellsOf(plan, proposeAfter(sweep, []));
  purse.expect([...(carried === undefined ? basesOf(plan) : []), ...next.map(idOf)]);
  const [base, { isLast, ...page }] = await Promise.all([evaluateBases(sweep), runPage(sweep)]);
  const scores = scoresWith(carried, page);
  if (!isLast) return turnPage(sweep, base, page);
  const search = recordSearch({ plan, definition, scores, rounds });
  board.leaveOut();
  const controls = await runControls(sweep, scoredCells(plan, scores));
  board.enter('recording');
  const stages = [...base.baseStages, ...stagesOf([...page.cells, ...controls])];
  const anchor = await sealLedger(sweepId, stages);
  board.enter('done');
  const cost = costOf(stages, carried?.cost);
  return {
    ...{ sweepId, definitionDigest, ...base, ...page, controls, ledgerHead: anchor.head, anchor, cost },
    ...(search === undefined ? {} : { search }),
    spend: purse.record,
    kept: carried?.kept ?? [],
  };
}

/**
 * A grid of cells: base evaluation, cells as children in a window, the controls beside winning mixtures. After a page
 * of cells it goes on in a new run, so that no history grows without end.
 */
export async function allocationSweep(input: AllocationSweepInput): Promise<SweepReturn> {
  const { resolved, carried } = input;
  const orchestration = { ...defaultOrchestration, ...input.orchestration };
  const plan = planOrFail(() => planSweep(resolved));
  const start = carried?.steering ?? { paused: null, window: orchestration.window };
  const steering = new Steering({ experimentId: plan.sweepId, ...start });
  const finished: StageResult[] = [];
  const purse = new Purse(resolved.definition, carried?.spend, earlierStages(plan, carried));
  const board = new Board({ plan, steering, purse, carried, finished });
  const rounds = [...(carried?.rounds ?? [])];
  const shared = { resolved, plan, orchestration, carried, steering, board, purse, rounds };
  const sweep: Sweep = { ...shared, finished };
  return steering.conclude(() =>
    tellingOfFailure(
      () => runSweep(sweep),
      () => sealLedger(plan.sweepId, sweep.finished),
    ),
  );
}
