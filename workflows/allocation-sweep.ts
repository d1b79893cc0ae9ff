import { continueAsNew, startChild, workflowInfo } from '@temporalio/workflow';
import { nameBudget } from '../contracts/budget-name';
import { describeCoordinates } from '../contracts/coordinates';
import type { ResolvedSweep } from '../contracts/resolved';
import { nameUsd } from '../contracts/money';
import type {
  BaseOutcome,
  FailedCell,
  CellResult,
  ControlResult,
  FailedControl,
  FailureReason,
  SearchProposal,
  SweepLists,
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
import { endedWith, packEnded, unpackEnded } from './ended';
import { readFailure } from './failures';
import { openExperiment, recordAll, sealLedger, tellingOfFailure } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { Page } from './page';
import {
  cellsOf,
  costOf,
  earlierStages,
  inPlanOrder,
  scoredCells,
  splitControls,
  splitOutcomes,
} from './pages';
import type { Carried } from './pages';
import { cutParts, keepParts } from './parts';
import { planOrFail } from './planned';
import { Purse } from './purse';
import { Steering } from './steering';
import { comparable, winningMixtures } from './winners';
import type { ScoredCell } from './winners';
import { runConcurrently } from './concurrently';

/** Input of `allocationSweep`. */
export interface AllocationSweepInput {
  readonly resolved: ResolvedSweep;
  readonly orchestration?: Partial<Orchestration>;
  /** What the run before this one handed over; undefined for the first. */
  readonly carried?: Carried;
}

const isSearch = ({ resolved: { definition } }: Sweep): boolean => definition.search.method !== 'grid';

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

function spendLimitReached({ purse, resolved }: Sweep): FailureReason {
  const limit = nameUsd(resolved.definition.spendLimit ?? 0);
  const message = `Not begun: with ${nameUsd(purse.record.usd)} spent and what was running, it could have passed the limit of ${limit}.`;
  return { code: 'SPEND_LIMIT', message };
}

/** A cell's result, or the hole that it leaves: the sweep goes on without it. */
async function runCell(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult | FailedCell> {
  const { cell } = cellPlan;
  const { id } = cell;
  const begins = sweep.purse.begin(id, cellPlan.stages, atOnce(sweep));
  sweep.board.cell(cellPlan, begins ? 'running' : 'skipped');
  if (!begins) return { cell, ...spendLimitReached(sweep) };
  try {
    const result = await runChild(sweep, cellPlan);
    sweep.finished.push(...result.stages);
    sweep.purse.end(id, result.stages);
    sweep.board.cell(cellPlan, 'done', result);
    return result;
  } catch (error) {
    const { reason, left } = readFailure(error);
    sweep.finished.push(...(left?.finished ?? []));
    sweep.purse.fail(id, left);
    sweep.board.cell(cellPlan, 'failed');
    return { cell, ...reason };
  }
}

async function runControl(sweep: Sweep, control: ControlPlan): Promise<ControlResult | FailedControl> {
  const { id, kind, setting, of, experiment: resolved, stages: planned } = control;
  const { purse, board } = sweep;
  const named = { kind, ...(setting === undefined ? {} : { setting }), of: of.id };
  const begins = purse.begin(id, planned, atOnce(sweep));
  board.control(id, begins ? 'running' : 'skipped');
  if (!begins) return { ...named, ...spendLimitReached(sweep), stages: [] };
  const { stages, failure } = await runChain(sweep, { id, resolved, stages: planned });
  board.control(id, failure === undefined ? 'done' : 'failed');
  if (failure !== undefined) return { ...named, ...failure, stages };
  return { ...named, evaluation: summarizeChain({ stages }), stages };
}

/** Those beside the mixtures that have won, and those that the plan names where what they are compared with is there. */
function controlsOf({ plan }: Sweep, scored: readonly ScoredCell[]): ControlPlan[] {
  const { certain, winnerControls } = plan.controls;
  const auxiliary = winningMixtures(scored).flatMap(({ cell }) =>
    winnerControls.filter(({ of }) => of.id === cell.id),
  );
  return [...auxiliary, ...certain.flatMap((control) => comparable(control, scored))];
}

/** The controls of this run, and how many have ended in all; the page may be full before the last. */
async function runControls(
  sweep: Sweep,
  scored: readonly ScoredCell[],
): Promise<
  Pick<SweepLists, 'controls' | 'failedControls'> & { readonly done: number; readonly isLast: boolean }
> {
  const { carried, page, steering, purse, board } = sweep;
  const before = carried?.controls ?? 0;
  const all = sweep.resolved.definition.controls.length === 0 ? [] : controlsOf(sweep, scored);
  if (all.length > 0) board.enter('controls');
  const controls = all.slice(before);
  purse.expect(controls);
  const outcomes = await runConcurrently(
    page.fill(controls),
    () => steering.width,
    (control) => runControl(sweep, control),
  );
  const done = before + outcomes.length;
  return { ...splitControls(outcomes), done, isLast: done === all.length };
}

type Outcome = CellResult | FailedCell;

function proposeAfter({ plan, ended, resolved }: Sweep, outcomes: readonly Outcome[]): SearchProposal {
  const { scores } = endedWith(ended, splitOutcomes(outcomes));
  return proposeNext({ plan, scores, definition: resolved.definition });
}

/** The cells of this run, a batch at a time; outcomes in the plan's order, whichever finished first. */
async function runCells(
  sweep: Sweep,
): Promise<Pick<SweepLists, 'cells' | 'failedCells'> & { readonly isLast: boolean }> {
  const { plan, carried, rounds, purse, page, steering } = sweep;
  const outcomes: Outcome[] = [];
  if (carried?.controls !== undefined) return { ...splitOutcomes(outcomes), isLast: true };
  for (;;) {
    const proposal = proposeAfter(sweep, outcomes);
    const isLast = proposal.ids.length === 0;
    const done = { ...splitOutcomes(inPlanOrder(plan, outcomes)), isLast };
    if (!isLast && page.isFull) return done;
    rounds.push(proposal);
    if (isLast) return done;
    const batch = cellsOf(plan, proposal);
    // What later pages plan is not there for this one to spend.
    purse.expect(batch.map(idOf));
    const width = (): number => steering.width;
    outcomes.push(...(await runConcurrently(page.fill(batch), width, (cell) => runCell(sweep, cell))));
  }
}

/** Goes on in a new run once nothing is under way: children have ended, updates have their answers. */
async function turnPage(
  sweep: Sweep,
  lists: SweepLists,
  { base, baseFailure, controls }: BaseOutcome & { readonly controls?: number },
): Promise<never> {
  const { resolved, orchestration, carried, steering, plan, purse, board, finished } = sweep;
  await recordAll(plan.sweepId, finished);
  const kept = [...(carried?.kept ?? []), ...(await keepParts(cutParts(lists)))];
  await steering.settle();
  return continueAsNew<typeof allocationSweep>({
    ...{ resolved, orchestration },
    carried: {
      base: { base, ...(baseFailure === undefined ? {} : { baseFailure }) },
      ended: packEnded(plan, endedWith(sweep.ended, lists)),
      ...(controls === undefined ? {} : { controls }),
      ...{ kept, cost: costOf(finished, carried?.cost), steering: steering.state, spend: purse.record },
      ...(board.labels.length === 0 ? {} : { labels: board.labels }),
    },
  });
}

async function runSweep(sweep: Sweep): Promise<SweepReturn> {
  const { resolved, plan, carried, board, purse, finished } = sweep;
  const { sweepId, definitionDigest } = plan;
  const { definition } = resolved;
  if (carried === undefined) await openExperiment({ experimentId: sweepId, definitionDigest, definition });
  const next = cellsOf(plan, proposeAfter(sweep, []));
  purse.expect([...(carried === undefined ? basesOf(plan) : []), ...next.map(idOf)]);
  const [{ baseStages, variants, ...base }, { isLast, ...page }] = await Promise.all([
    evaluateBases(sweep),
    runCells(sweep),
  ]);
  const rounds = isSearch(sweep) ? sweep.rounds : [];
  const lists = { baseStages, variants, ...page, controls: [], failedControls: [], rounds };
  if (!isLast) return turnPage(sweep, lists, base);
  board.leaveOut();
  const ended = endedWith(sweep.ended, page);
  const { done, isLast: isWhole, ...controls } = await runControls(sweep, scoredCells(plan, ended));
  if (!isWhole) return turnPage(sweep, { ...lists, ...controls }, { ...base, controls: done });
  board.enter('recording');
  const parts = cutParts({ ...lists, ...controls });
  const kept = [...(carried?.kept ?? []), ...(await keepParts(parts.slice(0, -1)))];
  const { rounds: lastRounds = [], variants: places = [], ...last } = parts.at(-1) ?? {};
  const search = recordSearch({ plan, definition, scores: ended.scores, rounds: lastRounds });
  const anchor = await sealLedger(sweepId, finished);
  board.enter('done');
  return {
    ...{ sweepId, definitionDigest, ...base, ledgerHead: anchor.head, anchor },
    ...{ baseStages: [], cells: [], failedCells: [], controls: [], failedControls: [], ...last },
    ...(places.length === 0 ? {} : { variants: places }),
    ...(search === undefined ? {} : { search }),
    ...{ cost: costOf(finished, carried?.cost), spend: purse.record, kept },
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
  const ended = unpackEnded(plan, carried?.ended);
  const purse = new Purse(resolved.definition, carried?.spend, earlierStages(plan, ended));
  const board = new Board({ plan, steering, purse, carried, ended, finished });
  const page = new Page(orchestration.pageSize);
  const shared = { resolved, plan, orchestration, carried, steering, board, purse, page, ended };
  const sweep: Sweep = { ...shared, rounds: [], finished };
  return steering.conclude(() =>
    tellingOfFailure(
      () => runSweep(sweep),
      () => sealLedger(plan.sweepId, sweep.finished),
    ),
  );
}
