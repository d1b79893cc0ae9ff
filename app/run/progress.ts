import type { SweepStatus } from '../../client';
import type { CellIdentity } from '../../contracts/results';
import { deviceSlots } from '../../workers';
import type { PlannedSweep } from '../plan/plan-sweep';
import { estimateTimeLeft } from './time-left';

/** The progress of a sweep while it runs. */
export interface RunProgress {
  /** Cells with their states and scores, running stages with step and loss, keys of finished stages. */
  readonly status: SweepStatus;
  /** Cells by id. */
  readonly cells: ReadonlyMap<string, CellIdentity>;
  /** Number of unique stages in the plan. */
  readonly stages: number;
  /** Whether results decide about further stages, which are not in the plan. */
  readonly continues: boolean;
  /** Milliseconds since the sweep was started or attached to. */
  readonly elapsedMs: number;
  /** Estimated seconds left for the stages of the plan; null without an estimate. */
  readonly secondsLeft: number | null;
}

/** Adds the plan's cells, the number of stages and the estimated time left to each status. */
export function createProgress({
  plan,
  cached,
  resolved,
}: PlannedSweep): (status: SweepStatus) => RunProgress {
  const cells = new Map(plan.cells.map(({ cell }) => [cell.id, cell]));
  const slots = deviceSlots(resolved.definition.execution.threads);
  const continues = plan.cells.some(({ continuesAfter }) => continuesAfter.length > 0);
  const startedMs = performance.now();
  return (status) => {
    const finished = new Set([...cached, ...status.finished]);
    const elapsedMs = performance.now() - startedMs;
    const runningSeconds = Math.max(0, ...status.running.map(({ progress }) => progress?.secondsLeft ?? 0));
    const inCells = (status.progress?.phase ?? 'cells') === 'cells';
    const secondsLeft = inCells
      ? estimateTimeLeft({ plan, cached, finished, elapsedMs, slots, runningSeconds })
      : null;
    return {
      status: { ...status, finished },
      cells,
      stages: plan.stages.length,
      continues,
      elapsedMs,
      secondsLeft,
    };
  };
}
