import { defineQuery, executeChild, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { ResolvedSweep } from '../contracts/definition';
import type {
  CellHole,
  CellProgress,
  CellResult,
  ControlResult,
  SweepProgress,
  SweepResult,
} from '../contracts/results';
import type { StageCost, StageResult } from '../contracts/stage';
import { experimentOf, planSweep } from '../planning/plan';
import type { CellPlan, SweepPlan } from '../planning/plan';
import { allocationExperiment } from './allocation-experiment';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import { openExperiment, sealLedger } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { planOrFail } from './planned';
import { createStages } from './stages';
import type { Artifact, Stages } from './stages';
import { winningMixtures } from './winners';
import { runInWindow } from './window';

/** Input of `allocationSweep`. */
export interface AllocationSweepInput {
  readonly resolved: ResolvedSweep;
  readonly orchestration?: Orchestration;
}

/** Where a sweep stands. */
export const sweepProgress = defineQuery<SweepProgress>('progress');

/** What the sweep's functions share. */
interface Sweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly orchestration: Orchestration;
  readonly board: Board;
}

/** What the `progress` query and Temporal's UI show. */
class Board {
  #phase: SweepProgress['phase'] = 'cells';
  #baseScore: number | null = null;
  readonly #cells = new Map<string, CellProgress>();
  readonly #controls = new Map<string, CellProgress['state']>();

  constructor(plan: SweepPlan) {
    for (const { cell } of plan.cells)
      this.#cells.set(cell.id, { cell, state: 'waiting', workflowId: cell.id });
    setHandler(sweepProgress, () => this.read());
  }

  read(): SweepProgress {
    return {
      phase: this.#phase,
      baseScore: this.#baseScore,
      cells: [...this.#cells.values()],
      controls: [...this.#controls].map(([of, state]) => ({ of, state })),
    };
  }

  enter(phase: SweepProgress['phase']): void {
    this.#phase = phase;
    this.#publish();
  }

  base(score: number): void {
    this.#baseScore = score;
  }

  cell({ cell }: CellPlan, state: CellProgress['state'], score?: number): void {
    this.#cells.set(cell.id, {
      cell,
      state,
      workflowId: cell.id,
      ...(score === undefined ? {} : { score }),
    });
    this.#publish();
  }

  control(of: string, state: CellProgress['state']): void {
    this.#controls.set(of, state);
  }

  #publish(): void {
    const rows = [...this.#cells.values()].map(
      ({ cell, state, score }) =>
        `| ${cell.budget} | ${cell.sftFraction} | ${cell.seed} | ${state} | ${score?.toFixed(3) ?? ''} |`,
    );
    const head = ['| budget | SFT fraction | seed | state | score |', '|---|---|---|---|---|'];
    setCurrentDetails([`Phase: ${this.#phase}`, '', ...head, ...rows].join('\n'));
  }
}

function stagesFor({ resolved, plan, orchestration }: Sweep, seed: number, sink: StageResult[]): Stages {
  return createStages({
    resolved,
    seed,
    experimentId: plan.sweepId,
    orchestration,
    onStage: (_, result) => {
      if (result !== null) sink.push(result);
    },
  });
}

async function evaluateBase(sweep: Sweep): Promise<Pick<SweepResult, 'base' | 'baseStages'>> {
  const baseStages: StageResult[] = [];
  const stages = stagesFor(sweep, 0, baseStages);
  const reference = await stages.freezeReference({ adapter: null });
  const base = summarizeEvaluation((await stages.evaluate({ reference })).result);
  sweep.board.base(base.score);
  return { base, baseStages };
}

function runChild({ resolved, plan, orchestration }: Sweep, { cell }: CellPlan): Promise<CellResult> {
  const parent = { cellId: cell.id, experimentId: plan.sweepId };
  return executeChild(allocationExperiment, {
    workflowId: cell.id,
    args: [{ resolved: experimentOf(resolved, cell), parent, orchestration }],
    staticSummary: `${cell.budget} rows, ${cell.sftFraction} SFT, seed ${cell.seed}`,
  });
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
async function trainControl(stages: Stages, { cell }: CellResult): Promise<Artifact<'evaluate'>> {
  const demonstrations = await stages.synthesizeData({ rows: cell.sftRows });
  const warmStart = await stages.trainSft({ data: demonstrations });
  const reference = await stages.freezeReference({ adapter: warmStart });
  const data = await stages.synthesizeData({ rows: cell.pairRows, reference });
  const adapter = await stages.trainSft({ data, base: reference, column: 'chosen' });
  return stages.evaluate({ reference, adapter });
}

async function runControl(sweep: Sweep, winner: CellResult): Promise<ControlResult[]> {
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

async function runControls(sweep: Sweep, cells: readonly CellResult[]): Promise<ControlResult[]> {
  const { controls } = sweep.resolved.definition;
  if (!controls.includes('sft-on-chosen')) return [];
  sweep.board.enter('controls');
  const groups = await runInWindow(winningMixtures(cells), sweep.orchestration.window, (winner) =>
    runControl(sweep, winner),
  );
  return groups.flat();
}

function sumCosts(results: readonly StageResult[]): StageCost {
  const total = (field: keyof StageCost): number => results.reduce((sum, { cost }) => sum + cost[field], 0);
  return {
    wallMs: total('wallMs'),
    deviceMs: total('deviceMs'),
    cpuMs: total('cpuMs'),
    tokens: total('tokens'),
    attempts: total('attempts'),
    checkerCalls: total('checkerCalls'),
  };
}

/** Cells and holes in the plan's order, whichever finished first. */
async function runCells(sweep: Sweep): Promise<{ cells: CellResult[]; holes: CellHole[] }> {
  const outcomes = await runInWindow(sweep.plan.cells, sweep.orchestration.window, (cell) =>
    runCell(sweep, cell),
  );
  const cells = outcomes.flatMap((outcome) => ('evaluation' in outcome ? [outcome] : []));
  const holes = outcomes.flatMap((outcome) => ('evaluation' in outcome ? [] : [outcome]));
  return { cells, holes };
}

/** A grid of cells: base evaluation, cells as children in a window, the controls beside winning mixtures. */
export async function allocationSweep(input: AllocationSweepInput): Promise<SweepResult> {
  const { resolved, orchestration = defaultOrchestration } = input;
  const plan = planOrFail(() => planSweep(resolved));
  const { sweepId, definitionDigest } = plan;
  const sweep: Sweep = { resolved, plan, orchestration, board: new Board(plan) };
  await openExperiment({ experimentId: sweepId, definitionDigest, definition: resolved.definition });
  const [base, { cells, holes }] = await Promise.all([evaluateBase(sweep), runCells(sweep)]);
  const controls = await runControls(sweep, cells);
  sweep.board.enter('recording');
  const stages = [...base.baseStages, ...[...cells, ...controls].flatMap((each) => each.stages)];
  const anchor = await sealLedger(sweepId, stages);
  sweep.board.enter('done');
  const ledger = { ledgerHead: anchor.head, anchor };
  return { sweepId, definitionDigest, ...base, cells, holes, controls, ...ledger, cost: sumCosts(stages) };
}
