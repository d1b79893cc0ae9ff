import type { BoundLoss } from '../../losses/bind';
import type { JobOf } from '../../schemas/trainer-job';
import type { StepMetrics } from '../engine/types';
import type { JobContext } from './context';

/** Steps of the moving average: one batch alone is too noisy. */
const windowSteps = 10;

/** At most half as likely: a mean a little below 0 is noise. */
const halved = -Math.LN2;

/**
 * Warns once when the chosen answers are at most half as likely as under the reference. A preference loss can lower them as long
 * as the rejected ones fall faster; the policy then moves to other answers.
 */
export function createChosenMonitor(
  { warn }: JobContext<JobOf<'preference'>>,
  { needs, beta }: BoundLoss,
): (step: number, metrics: StepMetrics) => void {
  const recent: number[] = [];
  let warned = !needs.reference;
  return (step, metrics) => {
    const reward = metrics['rewards/chosen'];
    if (warned || reward === undefined) return;
    recent.push(reward / beta);
    if (recent.length > windowSteps) recent.shift();
    const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    if (recent.length < windowSteps || mean > halved) return;
    warned = true;
    warn(
      'CHOSEN_FALLING',
      `Step ${step}: over the last ${windowSteps} steps the log-probability of a chosen answer is on average ` +
        `${(-mean).toPrecision(3)} below the reference's. Try a lower learning rate, a larger beta, or the loss "sigmoid" with an "sftWeight".`,
    );
  };
}
