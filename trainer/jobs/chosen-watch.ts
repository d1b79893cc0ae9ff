import type { JobOf } from '../../schemas/trainer-job';
import { needsReference } from '../engine';
import type { StepFigures } from '../engine/types';
import type { JobContext } from './context';

/** Steps that the mean is taken over: one batch alone says little. */
const windowSteps = 10;

/**
 * Warns once where the chosen answers have become less likely than under the reference: a preference loss lowers them
 * as long as the rejected ones fall faster, and the policy then says something else altogether.
 */
export function watchChosen({
  job,
  warn,
}: JobContext<JobOf<'preference'>>): (step: number, figures: StepFigures) => void {
  const recent: number[] = [];
  let warned = !needsReference(job.loss.name);
  return (step, figures) => {
    const reward = figures['rewards/chosen'];
    if (warned || reward === undefined) return;
    recent.push(reward / job.loss.beta);
    if (recent.length > windowSteps) recent.shift();
    const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    if (recent.length < windowSteps || mean >= 0) return;
    warned = true;
    warn(
      'CHOSEN_FALLING',
      `Step ${step}: over the last ${windowSteps} steps the log-probability of a chosen answer lies ${(-mean).toPrecision(3)} ` +
        'below the reference’s. A lower learning rate, a larger beta or a loss with "sftWeight" counteracts that.',
    );
  };
}
