/** Learning rates as pure functions of the step, counted from 1. */

export interface ScheduleOptions {
  readonly peak: number;
  readonly steps: number;
  readonly warmupSteps: number;
  /** Rate at the last step / peak. */
  readonly minRatio: number;
  readonly shape: 'cosine' | 'linear' | 'constant';
  /** Last step at the peak rate. Default: the end of the warm-up. */
  readonly holdUntil?: number;
}

/** Progress of the decay: 0 at the peak, 1 at the minimum. */
function decayed(shape: ScheduleOptions['shape'], progress: number): number {
  if (shape === 'constant') return 0;
  return shape === 'linear' ? progress : (1 - Math.cos(Math.PI * progress)) / 2;
}

/** The rate of a step. Warm-up is linear: its first step is above 0, its last has the peak. Without it, step 1 has the peak. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { peak, steps, warmupSteps, minRatio, shape } = options;
  if (step <= warmupSteps) return (peak * step) / warmupSteps;
  const start = Math.max(1, warmupSteps, options.holdUntil ?? warmupSteps);
  if (step <= start) return peak;
  return peak * (1 - (1 - minRatio) * decayed(shape, (step - start) / (steps - start)));
}

/** Rounded up, so that a short run warms up too. */
export const warmupStepsOf = (ratio: number, steps: number): number => Math.ceil(ratio * steps);
