import { continueAsNew, startChild, workflowInfo } from '@temporalio/workflow';
import { nameBudget } from '../contracts/budget-name';
import { describeCoordinates } from '../core/coordinates';
import type { ResolvedSweep } from '../contracts/resolved';
import type {
  BaseOutcome,
  FailedCell,
  CellResult,
  ControlResult,
  FailedControl,
  SearchProposal,
  SweepLists,
  SweepReturn,
} from '../contracts/results';
import { controlIdOf } from '../contracts/results';
import type { SearchAttribute } from '../contracts/search-attributes';
import type { StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { ControlPlan } from '../planning/controls';
import { experimentIdOf } from '../planning/identity';
import { openingOf } from '../planning/members';
import { planGrid } from '../planning/plan';
import { assertTraced, tracedDigest } from '../planning/repeatable';
import { cellAttributes, sweepAttributes } from '../planning/search-attributes';
import { proposeNext } from '../search/next-batch';
import { recordSearch } from '../search/record';
import { allocationExperiment } from './allocation-experiment';
import { ProgressTracker } from './progress-tracker';
import { basesOf, concurrentSpenders, evaluateBases, runOwn, spendLimitReached } from './own-pipelines';
import type { Sweep } from './own-pipelines';
import { addScores, packScores, unpackScores } from './cell-scores';
import { readFailure } from './failures';
import { isIndexed, openLedger, recordAll, sealLedger, recordOnFailure } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { RunQuota } from './continue-as-new';
import {
  cellsOf,
  costOf,
  earlierStages,
  inPlanOrder,
  partialCells,
  splitControls,
  splitOutcomes,
} from './outcomes';
import type { ContinueAsNewState } from './continue-as-new';
import { splitPages, storePages } from './result-pages';
import { planOrFail } from './planned';
import { SpendTracker } from './spend-tracker';
import { Steering } from './steering';
import { decidedModel, runTests } from './test-scores';
import { comparable, controlsOfMixtures, scoredCells, withoutMissing } from './winners';
import type { ScoredCell } from './winners';
import { runConcurrently } from './concurrently';

/** Input of `allocationSweep`. */
export interface AllocationSweepInput {
  readonly resolved: ResolvedSweep;
  readonly orchestration?: Partial<Orchestration>;
  /** What users' pipelines planned, for comparison; see `tracedDigest`. */
  readonly traced?: string;
  /** State of the previous run (continue-as-new). Undefined in the first run. */
  readonly previous?: ContinueAsNewState;
}

const isSearch = ({ resolved: { definition } }: Sweep): boolean => definition.search.method !== 'grid';

const reservationOf = ({ cell: { id }, stages, boundUsd }: CellPlan) => ({ id, stages, boundUsd });

function summaryOf({ cell }: CellPlan): string {
  const budget = cell.budgetUnit === 'usd' ? nameBudget(cell.budget, 'usd') : `${cell.budget} rows`;
  const place = `${budget}, ${cell.sftFraction} SFT, seed ${cell.seed}`;
  return cell.axes === undefined ? place : `${place}, ${describeCoordinates(cell.axes)}`;
}

/** Cells get search attributes only if the sweep has them: a server rejects a start with unknown attributes. */
function attributesOf({ plan: { sweepId, definitionDigest } }: Sweep, cellPlan: CellPlan): SearchAttribute[] {
  return isIndexed() ? cellAttributes(cellPlan, { sweepId, definitionDigest }) : [];
}

async function runChild(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult> {
  const { experimentId, orchestration, steering, spend } = sweep;
  const { id, axes } = cellPlan.cell;
  const parent = {
    cellId: id,
    experimentId,
    axes,
    ...spend.grant(id),
  };
  const child = await startChild(allocationExperiment, {
    workflowId: id,
    args: [
      { resolved: cellPlan.experiment, parent, orchestration, traced: tracedDigest({ cells: [cellPlan] }) },
    ],
    staticSummary: summaryOf(cellPlan),
    typedSearchAttributes: attributesOf(sweep, cellPlan),
  });
  return steering.awaitChild(child);
}

/** Returns the cell's result, or the failed cell: the sweep goes on without it. */
async function runCell(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult | FailedCell> {
  const { cell, stages, boundUsd } = cellPlan;
  const { id } = cell;
  const admitted = sweep.spend.admit(id, stages, concurrentSpenders(sweep), boundUsd);
  if (!admitted) return sweep.progress.setMissing({ cell, ...spendLimitReached(sweep) }, 'skipped');
  sweep.progress.setCell(cellPlan, 'running');
  try {
    const result = await runChild(sweep, cellPlan);
    sweep.finished.push(...result.stages);
    sweep.spend.settle(id, result.stages, result);
    const model = decidedModel(cellPlan, result);
    if (model !== undefined) sweep.decided.set(id, model);
    sweep.progress.setCell(cellPlan, 'done', result);
    return result;
  } catch (error) {
    const { reason, spent } = readFailure(error);
    sweep.finished.push(...(spent?.finished ?? []));
    sweep.spend.writeOff(id, spent);
    return sweep.progress.setMissing({ cell, ...reason }, 'failed');
  }
}

async function runControl(sweep: Sweep, control: ControlPlan): Promise<ControlResult | FailedControl> {
  const { id, kind, setting, of, annotationUsd } = control;
  const { spend, progress } = sweep;
  const named = { kind, setting, of: of.id };
  const admitted = spend.admit(id, control.stages, concurrentSpenders(sweep), control.boundUsd);
  progress.setControl(id, admitted ? 'running' : 'skipped');
  if (!admitted) return { ...named, ...spendLimitReached(sweep), stages: [] };
  const ended = await runOwn(sweep, { id, planned: control });
  progress.setControl(id, 'evaluation' in ended ? 'done' : 'failed');
  if ('evaluation' in ended) return { ...named, annotationUsd, ...ended };
  return { ...named, ...ended.failure, stages: ended.stages };
}

/** Controls of the best mixtures, then the planned controls whose cell has a score. */
function controlsOf({ plan }: Sweep, scored: readonly ScoredCell[]): ControlPlan[] {
  const { certain } = plan.controls;
  return [...controlsOfMixtures(plan, scored), ...certain.flatMap((control) => comparable(control, scored))];
}

/** The controls of this run. `done` counts those of earlier runs too; the quota may be spent before the last. */
async function runControls(
  sweep: Sweep,
  scored: readonly ScoredCell[],
): Promise<
  Pick<SweepLists, 'controls' | 'failedControls'> & { readonly done: number; readonly isLast: boolean }
> {
  const { previous, quota, steering, spend, progress } = sweep;
  const before = previous?.controls ?? 0;
  const all = sweep.resolved.definition.controls.length === 0 ? [] : controlsOf(sweep, scored);
  if (all.length > 0) progress.enterPhase('controls');
  const controls = all.slice(before);
  spend.reserve(controls);
  const outcomes = await runConcurrently(
    quota.take(controls),
    () => steering.concurrency,
    (control) => runControl(sweep, control),
  );
  const done = before + outcomes.length;
  return { ...splitControls(outcomes), done, isLast: done === all.length };
}

type Outcome = CellResult | FailedCell;

function proposeAfter({ plan, cellScores, resolved }: Sweep, outcomes: readonly Outcome[]): SearchProposal {
  const { scores } = addScores(cellScores, splitOutcomes(outcomes));
  return proposeNext({ plan, scores, definition: resolved.definition });
}

/** Runs cells batch by batch. Outcomes are in the plan's order, not in the order of finishing. */
async function runCells(
  sweep: Sweep,
): Promise<Pick<SweepLists, 'cells' | 'failedCells'> & { readonly isLast: boolean }> {
  const { plan, previous, rounds, spend, quota, steering } = sweep;
  const outcomes: Outcome[] = [];
  if (previous?.controls !== undefined) return { ...splitOutcomes(outcomes), isLast: true };
  for (;;) {
    const proposal = proposeAfter(sweep, outcomes);
    const isLast = proposal.ids.length === 0;
    const done = { ...splitOutcomes(inPlanOrder(plan, outcomes)), isLast };
    if (!isLast && quota.isSpent) return done;
    rounds.push(proposal);
    if (isLast) return done;
    const batch = cellsOf(plan, proposal);
    // Without cells of later batches: each batch reserves its own.
    spend.reserve(batch.map(reservationOf));
    const concurrency = (): number => steering.concurrency;
    outcomes.push(...(await runConcurrently(quota.take(batch), concurrency, (cell) => runCell(sweep, cell))));
  }
}

/** Controls and tests that have ended. */
type Ended = Pick<ContinueAsNewState, 'controls' | 'lostControls' | 'tests'>;

/** Continues as new. By now no child is running; pending updates are finished first. */
async function continueSweep(
  sweep: Sweep,
  lists: SweepLists,
  { base, baseFailure, ...ended }: BaseOutcome & Ended,
): Promise<never> {
  const { resolved, orchestration, previous, steering, plan, spend, progress, finished, decided } = sweep;
  await recordAll(sweep.experimentId, finished);
  const pages = [...(previous?.pages ?? []), ...(await storePages(splitPages(lists)))];
  const partial = [...(previous?.partial ?? []), ...partialCells(plan, lists.cells)];
  await steering.finishUpdates();
  return continueAsNew<typeof allocationSweep>({
    resolved,
    orchestration,
    previous: {
      base: { base, baseFailure },
      cellScores: packScores(plan, addScores(sweep.cellScores, lists)),
      partial: partial.length === 0 ? undefined : partial,
      ...ended,
      decided: decided.size === 0 ? undefined : Object.fromEntries(decided),
      pages,
      cost: costOf(finished, previous?.cost),
      steering: steering.state,
      spend: spend.record,
      labelsByNest: spend.labelsByNest,
      labels: progress.labels.length === 0 ? undefined : progress.labels,
    },
  });
}

async function runSweep(sweep: Sweep): Promise<SweepReturn> {
  const { resolved, plan, experimentId, previous, progress, spend, finished } = sweep;
  const { sweepId, definitionDigest } = plan;
  const { definition } = resolved;
  if (previous === undefined)
    await openLedger(
      { experimentId, ...openingOf(resolved, definitionDigest) },
      sweepAttributes(plan, definition),
    );
  const next = cellsOf(plan, proposeAfter(sweep, []));
  const bases = previous === undefined ? basesOf(plan) : [];
  spend.reserve([
    ...bases.map(({ id, planned: { stages } }) => ({ id, stages })),
    ...next.map(reservationOf),
  ]);
  const [{ baseStages, variants, ...base }, { isLast, ...outcomes }] = await Promise.all([
    evaluateBases(sweep),
    runCells(sweep),
  ]);
  const rounds = isSearch(sweep) ? sweep.rounds : [];
  const lists = { baseStages, variants, ...outcomes, controls: [], failedControls: [], tests: [], rounds };
  if (!isLast) return continueSweep(sweep, lists, base);
  progress.skipRest();
  const cellScores = addScores(sweep.cellScores, outcomes);
  const scored = scoredCells(plan, cellScores);
  const { done, isLast: isComplete, ...controls } = await runControls(sweep, scored);
  const lost = [...(previous?.lostControls ?? []), ...controls.failedControls.map(controlIdOf)];
  const ended = { ...base, controls: done, lostControls: lost.length === 0 ? undefined : lost };
  if (!isComplete) return continueSweep(sweep, { ...lists, ...controls }, ended);
  const chosen = withoutMissing(plan, cellScores);
  const { done: tested, isLast: isTested, tests } = await runTests(sweep, { scored, chosen, lost });
  if (!isTested) return continueSweep(sweep, { ...lists, ...controls, tests }, { ...ended, tests: tested });
  progress.enterPhase('recording');
  const resultPages = splitPages({ ...lists, ...controls, tests });
  const pages = [...(previous?.pages ?? []), ...(await storePages(resultPages.slice(0, -1)))];
  const { rounds: lastRounds = [], variants: places = [], ...last } = resultPages.at(-1) ?? {};
  const search = recordSearch({ plan, definition, scores: cellScores.scores, rounds: lastRounds });
  const anchor = await sealLedger(experimentId, finished);
  progress.enterPhase('done');
  return {
    sweepId,
    definitionDigest,
    ...base,
    ledgerHead: anchor.head,
    anchor,
    baseStages: [],
    cells: [],
    failedCells: [],
    controls: [],
    failedControls: [],
    tests: [],
    ...last,
    variants: places.length === 0 ? undefined : places,
    search,
    cost: costOf(finished, previous?.cost),
    spend: spend.record,
    pages,
  };
}

/**
 * A sweep: base evaluation, cells as child workflows, then the controls, then what was chosen on test items. Continues as new after
 * `maxCellsPerRun` cells, which bounds each history.
 */
export async function allocationSweep(input: AllocationSweepInput): Promise<SweepReturn> {
  const { resolved, previous } = input;
  const orchestration = { ...defaultOrchestration, ...input.orchestration };
  const plan = await planOrFail(async () => {
    const planned = await planGrid(resolved);
    assertTraced(planned, input.traced);
    return planned;
  });
  const start = previous?.steering ?? { paused: null, maxConcurrentCells: orchestration.maxConcurrentCells };
  const experimentId = experimentIdOf(workflowInfo().workflowId);
  const steering = new Steering({ experimentId, ...start });
  const finished: StageResult[] = [];
  const cellScores = unpackScores(plan, previous?.cellScores);
  const earlier = earlierStages(plan, cellScores, previous);
  const spend = new SpendTracker(resolved.definition, previous?.spend, earlier);
  const progress = new ProgressTracker({ plan, steering, spend, previous, cellScores, finished });
  const quota = new RunQuota(orchestration.maxCellsPerRun);
  const shared = { resolved, plan, orchestration, previous, steering, progress, spend, quota, cellScores };
  const decided = new Map(Object.entries(previous?.decided ?? {}));
  const sweep: Sweep = { ...shared, experimentId, rounds: [], finished, decided };
  return steering.run(() =>
    recordOnFailure(
      () => runSweep(sweep),
      () => sealLedger(experimentId, sweep.finished),
    ),
  );
}
