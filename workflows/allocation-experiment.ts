import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ResolvedExperiment } from '../contracts/resolved';
import type { CellResult } from '../contracts/results';
import { planCell } from '../planning/cell';
import type { CellPlace, CellPlan } from '../planning/cell';
import { experimentIdOf } from '../planning/identity';
import { openingOf } from '../planning/members';
import { assertTraced } from '../planning/repeatable';
import { cellAttributes } from '../planning/search-attributes';
import { boughtApart, listPriceUsd, uniquePurchase } from '../planning/money';
import { summarizeEvaluation } from './evaluation';
import { withSpent } from './failures';
import { openLedger, recordAll, sealLedger, recordOnFailure } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { PipelineRun } from './pipeline-run';
import { planOrFail } from './planned';
import { answerProgress } from './run-progress';
import type { Grant } from '../planning/purchases';
import { Steering } from './steering';

/** Input of `allocationExperiment`. */
export interface AllocationExperimentInput {
  readonly resolved: ResolvedExperiment;
  /** What a user's pipeline planned, for comparison; see `tracedDigest`. */
  readonly traced?: string;
  /**
   * Set by a sweep: the cell's id and axes, the spend grant, and the experiment whose ledger records its
   * stages.
   */
  readonly parent?: Grant & {
    readonly cellId: string;
    readonly axes?: CellPlace['axes'];
    readonly experimentId: string;
  };
  readonly orchestration?: Partial<Orchestration>;
}

/** State that the functions of a cell share. */
interface Cell extends AllocationExperimentInput {
  readonly plan: CellPlan;
  readonly experimentId: string;
  readonly steering: Steering;
}

/** The cell's stages for Temporal's UI. */
function describeRun({ finished, running }: PipelineRun): string {
  const done = finished.map(({ title, cached }) => `- ${title}${cached ? ' (from the store)' : ''}`);
  return [...done, ...running.map(({ title }) => `- **${title}** …`)].join('\n');
}

/** A cell's run, with what the `progress` query and Temporal's UI show of it. */
function createRun({ parent, orchestration, plan, experimentId, steering }: Cell): PipelineRun {
  const run: PipelineRun = new PipelineRun(plan, {
    experimentId,
    onStage: () => setCurrentDetails(describeRun(run)),
    allowanceUsd: parent?.allowanceUsd,
    paidUsd: parent?.paidUsd,
    runStage: (stage) => steering.runStage(stage),
    orchestration: { ...defaultOrchestration, ...orchestration },
  });
  answerProgress([run], steering);
  return run;
}

async function runStages(
  { resolved, parent, plan, experimentId }: Cell,
  run: PipelineRun,
): Promise<CellResult> {
  if (parent === undefined) {
    const opening = openingOf(resolved);
    await openLedger({ experimentId, ...opening }, cellAttributes(plan, opening));
  }
  const { results, evaluation } = await run.run();
  const anchor = parent === undefined ? await sealLedger(experimentId, results) : undefined;
  const { unplanned, lostUsd, stages } = run;
  return {
    cell: plan.cell,
    bought: boughtApart(uniquePurchase(stages), plan.cell),
    annotationUsd: listPriceUsd(stages),
    evaluation: summarizeEvaluation(evaluation),
    stages: results,
    unplanned: unplanned.length === 0 ? undefined : unplanned,
    lostUsd: lostUsd === 0 ? undefined : lostUsd,
    anchor,
  };
}

/**
 * The ledger records the finished stages however the cell ends. A sweep seals its own ledger, for all of
 * its cells.
 */
function runCell(cell: Cell): Promise<CellResult> {
  const { parent, experimentId } = cell;
  const run = createRun(cell);
  const record = parent === undefined ? sealLedger : recordAll;
  return recordOnFailure(
    () => runStages(cell, run),
    () => record(experimentId, run.finished),
  ).catch((error: unknown) => {
    throw parent === undefined ? error : withSpent(error, run.spent);
  });
}

function placeOf(parent: AllocationExperimentInput['parent']): CellPlace {
  if (parent === undefined) return {};
  return { id: parent.cellId, axes: parent.axes };
}

/** One cell: one budget, one split, one seed. */
export async function allocationExperiment(input: AllocationExperimentInput): Promise<CellResult> {
  const { resolved, parent } = input;
  const plan = await planOrFail(async () => {
    const planned = await planCell(resolved, placeOf(parent));
    assertTraced({ cells: [planned] }, input.traced);
    return planned;
  });
  const experimentId = parent?.experimentId ?? experimentIdOf(workflowInfo().workflowId);
  const steering = new Steering({ experimentId, paused: null, maxConcurrentCells: null });
  return steering.run(() => runCell({ ...input, plan, experimentId, steering }));
}
