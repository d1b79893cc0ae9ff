import { continueAsNew, startChild } from '@temporalio/workflow';
import type { ResolvedSweep } from '../contracts/definition';
import type {
  CellHole,
  CellPage,
  CellResult,
  ControlResult,
  EvaluationSummary,
  SweepReturn,
} from '../contracts/results';
import type { StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import { describeCoordinates } from '../planning/identity';
import { planSweep } from '../planning/plan';
import type { SweepPlan, VariantPlan } from '../planning/plan';
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
import type { Artifact, Stages, StagesOptions } from './stages';
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

/** Whose stages are run: a definition, a seed, and where the results go. */
interface Running extends Pick<StagesOptions, 'resolved' | 'seed'> {
  readonly sink: StageResult[];
}

function stagesFor({ plan, orchestration, steering }: Sweep, { resolved, seed, sink }: Running): Stages {
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

async function evaluateBase(
  sweep: Sweep,
  { resolved }: VariantPlan,
  sink: StageResult[],
): Promise<EvaluationSummary> {
  const stages = stagesFor(sweep, { resolved, seed: 0, sink });
  const reference = await stages.freezeReference({ adapter: null });
  return summarizeEvaluation((await stages.evaluate({ reference })).result);
}

/** The untrained base at every place on the axes; what is one evaluation runs once. */
async function evaluateBases(sweep: Sweep): Promise<Carried['base']> {
  if (sweep.carried !== undefined) return sweep.carried.base;
  const { variants } = sweep.plan;
  const baseStages: StageResult[] = [];
  const running = new Map<string, Promise<EvaluationSummary>>();
  for (const variant of variants) {
    const { key } = variant.base.evaluation;
    if (!running.has(key)) running.set(key, evaluateBase(sweep, variant, baseStages));
  }
  const places = await Promise.all(
    variants.map(async ({ coordinates, base: { evaluation } }) => ({
      axes: coordinates,
      base: (await running.get(evaluation.key))!,
    })),
  );
  const { base } = places[0]!;
  sweep.board.base(base.score);
  const hasAxes = sweep.resolved.definition.axes !== undefined;
  return { base, baseStages, ...(hasAxes ? { variants: places } : {}) };
}

function summaryOf({ cell }: CellPlan): string {
  const place = `${cell.budget} rows, ${cell.sftFraction} SFT, seed ${cell.seed}`;
  return cell.axes === undefined ? place : `${place}, ${describeCoordinates(cell.axes)}`;
}

async function runChild({ plan, orchestration, steering }: Sweep, cellPlan: CellPlan): Promise<CellResult> {
  const { id, axes } = cellPlan.cell;
  const parent = { cellId: id, experimentId: plan.sweepId, ...(axes === undefined ? {} : { axes }) };
  const child = await startChild(allocationExperiment, {
    workflowId: id,
    args: [{ resolved: cellPlan.experiment, parent, orchestration }],
    staticSummary: summaryOf(cellPlan),
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
    const { experiment } = sweep.plan.cells.find(({ cell }) => cell.id === of)!;
    const stages = stagesFor(sweep, { resolved: experiment, seed: winner.cell.seed, sink: results });
    const { result } = await trainControl(stages, winner);
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
  const [base, page] = await Promise.all([evaluateBases(sweep), runPage(sweep)]);
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
