import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { ResolvedExperiment } from '../contracts/resolved';
import type { CellResult, ExperimentProgress } from '../contracts/results';
import type { PlannedStage, StageResult } from '../contracts/stage';
import { planCell } from '../planning/cell';
import type { CellPlace, CellPlan } from '../planning/cell';
import { openingOf } from '../planning/members';
import { summarizeEvaluation } from './evaluation';
import { withFinished } from './failures';
import { openExperiment, recordAll, sealLedger, recordOnFailure } from './ledger';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';
import { planOrFail } from './planned';
import { createRunner } from './stages';
import type { Grant } from './stages';
import { Steering } from './steering';

/** Input of `allocationExperiment`. */
export interface AllocationExperimentInput {
  readonly resolved: ResolvedExperiment;
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

/** The `progress` query of a cell: finished stages, and the one that is running. */
export const experimentProgress = defineQuery<ExperimentProgress>('progress');

/** Collects what the `progress` query and Temporal's UI show. */
function trackStages(steering: Steering): {
  readonly finished: StageResult[];
  readonly onStage: (stage: PlannedStage, result: StageResult | null) => void;
} {
  const finished: StageResult[] = [];
  let running: ExperimentProgress['running'] = null;
  setHandler(experimentProgress, () => ({ finished, running, paused: steering.state.paused }));
  return {
    finished,
    onStage({ key, kind, title }, result) {
      running = result === null ? { key, kind, title } : null;
      if (result !== null) finished.push(result);
      const done = finished.map((stage) => `- ${stage.title}${stage.cached ? ' (from the store)' : ''}`);
      setCurrentDetails([...done, ...(running === null ? [] : [`- **${title}** …`])].join('\n'));
    },
  };
}

/** State that the functions of a cell share. */
interface Cell extends AllocationExperimentInput {
  readonly plan: CellPlan;
  readonly experimentId: string;
  readonly steering: Steering;
}

async function runStages(
  { resolved, parent, orchestration, plan, experimentId, steering }: Cell,
  { onStage, finished }: ReturnType<typeof trackStages>,
): Promise<CellResult> {
  if (parent === undefined) await openExperiment({ experimentId, ...openingOf(resolved) });
  const run = createRunner({
    resolved,
    experimentId,
    onStage,
    allowanceUsd: parent?.allowanceUsd,
    paidUsd: parent?.paidUsd,
    runStage: (stage) => steering.runStage(stage),
    orchestration: { ...defaultOrchestration, ...orchestration },
  });
  for (const stage of plan.stages) await run(stage);
  const evaluation = summarizeEvaluation(finished.at(-1)!);
  const anchor = parent === undefined ? await sealLedger(experimentId, finished) : undefined;
  const { cell, annotationUsd } = plan;
  return { cell, annotationUsd, evaluation, stages: finished, anchor };
}

/**
 * The ledger records the finished stages however the cell ends. A sweep seals its own ledger, for all of
 * its cells.
 */
function runCell(cell: Cell): Promise<CellResult> {
  const { parent, experimentId, steering } = cell;
  const tracked = trackStages(steering);
  const record = parent === undefined ? sealLedger : recordAll;
  return recordOnFailure(
    () => runStages(cell, tracked),
    () => record(experimentId, tracked.finished),
  ).catch((error: unknown) => {
    throw parent === undefined ? error : withFinished(error, tracked.finished);
  });
}

function placeOf(parent: AllocationExperimentInput['parent']): CellPlace {
  if (parent === undefined) return {};
  return { id: parent.cellId, axes: parent.axes };
}

/** One cell: one budget, one split, one seed. */
export async function allocationExperiment(input: AllocationExperimentInput): Promise<CellResult> {
  const { resolved, parent } = input;
  const plan = planOrFail(() => planCell(resolved, placeOf(parent)));
  const experimentId = parent?.experimentId ?? plan.cell.id;
  const steering = new Steering({ experimentId, paused: null, maxConcurrentCells: null });
  return steering.run(() => runCell({ ...input, plan, experimentId, steering }));
}
