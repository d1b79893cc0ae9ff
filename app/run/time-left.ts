import type { StageKey } from '../../contracts/stage';
import type { SweepPlan } from '../../planning';

export interface TimeLeftOptions {
  readonly plan: SweepPlan;
  /** Stages that were in the store before the run. */
  readonly cached: ReadonlySet<StageKey>;
  readonly finished: ReadonlySet<StageKey>;
  /** Milliseconds since the workers began. */
  readonly elapsedMs: number;
  readonly slots: number;
  /** What the longest of the running stages says of itself; 0 where none says anything. */
  readonly runningSeconds: number;
}

/** Below this share of the estimated work, the estimate is better than the clock. */
const trustedShare = 0.1;

/**
 * Estimated seconds until the cells are done: the plan's estimate, corrected by how long the finished stages took.
 * Never less than a running stage expects for itself.
 */
export function estimateTimeLeft(options: TimeLeftOptions): number | null {
  const { plan, cached, finished, elapsedMs, slots, runningSeconds } = options;
  const sum = (wanted: (key: StageKey) => boolean): number =>
    plan.stages.reduce((total, { stage, seconds }) => total + (wanted(stage.key) ? seconds : 0), 0);
  const done = sum((key) => finished.has(key) && !cached.has(key));
  const left = sum((key) => !finished.has(key) && !cached.has(key));
  if (left === 0) return null;
  const trusted = done >= trustedShare * (done + left);
  return Math.max(runningSeconds, trusted ? (elapsedMs / 1000) * (left / done) : left / slots);
}
