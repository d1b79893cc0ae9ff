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
  /** The longest time left that a running stage reports; 0 if none reports one. */
  readonly runningSeconds: number;
}

/** Until this fraction of the estimated work is done, the plan's estimate is better than the measured pace. */
const trustedFraction = 0.1;

/**
 * Estimated seconds until the cells are done: the plan's estimate, corrected by how long the finished stages took.
 * Never less than the time left that a running stage reports.
 */
export function estimateTimeLeft(options: TimeLeftOptions): number | null {
  const { plan, cached, finished, elapsedMs, slots, runningSeconds } = options;
  const sum = (wanted: (key: StageKey) => boolean): number =>
    plan.stages.reduce((total, { stage, seconds }) => total + (wanted(stage.key) ? seconds : 0), 0);
  const done = sum((key) => finished.has(key) && !cached.has(key));
  const left = sum((key) => !finished.has(key) && !cached.has(key));
  if (left === 0) return null;
  const trusted = done >= trustedFraction * (done + left);
  return Math.max(runningSeconds, trusted ? (elapsedMs / 1000) * (left / done) : left / slots);
}
