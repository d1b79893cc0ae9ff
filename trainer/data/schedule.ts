/** Learning rates as pure functions of the step, counted from 1. */

export interface ScheduleOptions {
  readonly peak: number;
  readonly steps: number;
  readonly warmupSteps: number;
  /** Rate at the last step, as a share of the peak. */
  readonly finalRatio: number;
  readonly shape: 'cosine' | 'linear' | 'constant';
  /** Step up to which the rate stays at its peak after the warm-up; the warm-up's end where not given. */
  readonly holdUntil?: number;
}

/** Share of the way from the peak (0) to the final rate (1). */
function decayed(shape: ScheduleOptions['shape'], progress: number): number {
  if (shape === 'constant') return 0;
  return shape === 'linear' ? progress : (1 - Math.cos(Math.PI * progress)) / 2;
}

/** The rate of a step. The warm-up ends at the peak and its first step already learns; without one, the first has the peak. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { peak, steps, warmupSteps, finalRatio, shape } = options;
  if (step <= warmupSteps) return (peak * step) / warmupSteps;
  const start = Math.max(1, warmupSteps, options.holdUntil ?? warmupSteps);
  if (step <= start) return peak;
  return peak * (1 - (1 - finalRatio) * decayed(shape, (step - start) / (steps - start)));
}

/** Warm-up steps of a ratio: rounded up, so that a short run warms up too. */
export const warmupStepsOf = (ratio: number, steps: number): number => Math.ceil(ratio * steps);
