import { continueAsNew, startChild } from '@temporalio/workflow';
import type { ResolvedSweep } from '../contracts/definition';
import type { CellHole, CellPage, CellResult, ControlResult, SweepReturn } from '../contracts/results';
import type { StageResult } from '../contracts/stage';
import { experimentOf, planSweep } from '../planning/plan';
import type { CellPlan, SweepPlan } from '../planning/plan';
import { allocationExperiment } from './allocation-experiment';
import { Board } from './board';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import { openExperiment, recordAll, sealLedger } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { keepPage, nextPage, scoredCells, scoresWith, splitOutcomes, stagesOf, sumCosts } from './pages';
import type { Carried } from './pages';
import { planOrFail } from './planned';
import { createStages } from './stages';
import type { Artifact, Stages } from './stages';
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

/** What the sweep's functions share. */
interface Sweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly orchestration: Orchestration;
  readonly carried: Carried | undefined;
  readonly steering: Steering;
  readonly board: Board;
}

function stagesFor(
  { resolved, plan, orchestration, steering }: Sweep,
  seed: number,
  sink: StageResult[],
): Stages {
  return createStages({
    resolved,
    seed,
    experimentId: plan.sweepId,
    orchestration,
    runStage: (stage) => steering.runStage(stage),
    onStage: (_, result) => {
      if (result !== null) sink.push(result);
    },
  });
}

async function evaluateBase(sweep: Sweep): Promise<Carried['base']> {
  if (sweep.carried !== undefined) return sweep.carried.base;
  const baseStages: StageResult[] = [];
  const stages = stagesFor(sweep, 0, baseStages);
  const reference = await stages.freezeReference({ adapter: null });
  const base = summarizeEvaluation((await stages.evaluate({ reference })).result);
  sweep.board.base(base.score);
  return { base, baseStages };
}

async function runChild(sweep: Sweep, { cell }: CellPlan): Promise<CellResult> {
  const { resolved, plan, orchestration, steering } = sweep;
  const parent = { cellId: cell.id, experimentId: plan.sweepId };
  const child = await startChild(allocationExperiment, {
    workflowId: cell.id,
    args: [{ resolved: experimentOf(resolved, cell), parent, orchestration }],
    staticSummary: `${cell.budget} rows, ${cell.sftFraction} SFT, seed ${cell.seed}`,
  });
  return steering.lead(child);
}

/** A cell's result, or the hole that it leaves: the sweep goes on without it. */
async function runCell(sweep: Sweep, cellPlan: CellPlan): Promise<CellResult | CellHole> {
  sweep.board.cell(cellPlan, 'running');
  try {
    const result = await runChild(sweep, cellPlan);
    sweep.board.cell(cellPlan, 'done', result.evaluation.score);
    return result;
  } catch (error) {
    const reason = readFailure(error);
    sweep.board.cell(cellPlan, 'failed');
    return { cell: cellPlan.cell, ...reason };
  }
}

/** Plain SFT on the chosen answers of the cell's pairs, from the same frozen warm start. */
async function trainControl(stages: Stages, { cell }: ScoredCell): Promise<Artifact<'evaluate'>> {
  const demonstrations = await stages.synthesizeData({ rows: cell.sftRows });
  const warmStart = await stages.trainSft({ data: demonstrations });
  const reference = await stages.freezeReference({ adapter: warmStart });
  const data = await stages.synthesizeData({ rows: cell.pairRows, reference });
  const adapter = await stages.trainSft({ data, base: reference, column: 'chosen' });
  return stages.evaluate({ reference, adapter });
}

async function runControl(sweep: Sweep, winner: ScoredCell): Promise<ControlResult[]> {
  const of = winner.cell.id;
  const results: StageResult[] = [];
  sweep.board.control(of, 'running');
  try {
    const { result } = await trainControl(stagesFor(sweep, winner.cell.seed, results), winner);
    sweep.board.control(of, 'done');
    return [{ kind: 'sft-on-chosen', of, evaluation: summarizeEvaluation(result), stages: results }];
  } catch (error) {
    readFailure(error);
    sweep.board.control(of, 'failed');
    return [];
  }
}

async function runControls(sweep: Sweep, cells: readonly ScoredCell[]): Promise<ControlResult[]> {
  const { controls } = sweep.resolved.definition;
  if (!controls.includes('sft-on-chosen')) return [];
  sweep.board.enter('controls');
  const groups = await runInWindow(
    winningMixtures(cells),
    () => sweep.steering.width,
    (winner) => runControl(sweep, winner),
  );
  return groups.flat();
}

/** The cells of this run, in the plan's order, whichever finished first. */
async function runPage(sweep: Sweep): Promise<CellPage> {
  const page = nextPage(sweep.plan, sweep.carried, sweep.orchestration.pageSize);
  const outcomes = await runInWindow(
    page,
    () => sweep.steering.width,
    (cell) => runCell(sweep, cell),
  );
  return splitOutcomes(outcomes);
}

/** Goes on in a new run once nothing is under way: children have ended, updates have their answers. */
async function turnPage(sweep: Sweep, base: Carried['base'], page: CellPage): Promise<never> {
  const { resolved, orchestration, carried, steering, plan } = sweep;
  const stages = stagesOf(page.cells);
  await recordAll(plan.sweepId, stages);
  const kept = [...(carried?.kept ?? []), await keepPage(page)];
  await steering.settle();
  const scores = scoresWith(carried, page);
  const cost = sumCosts([...(carried ? [carried.cost] : []), ...stages.map((stage) => stage.cost)]);
  return continueAsNew<typeof allocationSweep>({
    ...{ resolved, orchestration },
    carried: { base, scores, kept, cost, steering: steering.state },
  });
}

async function runSweep(sweep: Sweep): Promise<SweepReturn> {
  const { resolved, plan, carried, board } = sweep;
  const { sweepId, definitionDigest } = plan;
  const { definition } = resolved;
  if (carried === undefined) await openExperiment({ experimentId: sweepId, definitionDigest, definition });
  const [base, page] = await Promise.all([evaluateBase(sweep), runPage(sweep)]);
  const scores = scoresWith(carried, page);
  if (Object.keys(scores).length < plan.cells.length) return turnPage(sweep, base, page);
  const controls = await runControls(sweep, scoredCells(plan, scores));
  board.enter('recording');
  const stages = [...base.baseStages, ...stagesOf([...page.cells, ...controls])];
  const anchor = await sealLedger(sweepId, stages);
  board.enter('done');
  const cost = sumCosts([...(carried ? [carried.cost] : []), ...stages.map((stage) => stage.cost)]);
  return {
    ...{ sweepId, definitionDigest, ...base, ...page, controls, ledgerHead: anchor.head, anchor, cost },
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
  const board = new Board({ plan, steering, carried });
  return steering.conclude(() => runSweep({ resolved, plan, orchestration, carried, steering, board }));
}
