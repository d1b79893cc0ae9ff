import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import type { ResolvedExperiment } from 'budgetline';
import { createStages, warmStart } from 'budgetline/workflows';

/** Scores before and after preference tuning; without `tuned` if it was declined. */
export interface Outcome {
  readonly warmStart: number;
  readonly tuned?: number;
}

/** A person's answer: whether to buy the pairs. */
export const decide = defineSignal<[boolean]>('decide');

/**
 * A workflow of your own: it evaluates the warm start, and waits for a person before it buys pairs. It has the stage
 * functions of pipelines, and all that Temporal has: signals, timers, other activities.
 */
export async function approvedTuning(resolved: ResolvedExperiment): Promise<Outcome> {
  let decision: boolean | undefined;
  setHandler(decide, (answer) => void (decision = answer));

  const { budget, seed } = resolved.definition;
  const sftRows = Math.floor(budget / 2);
  const stages = createStages({ resolved, seed });

  const reference = await warmStart(stages, { sftRows, pairRows: budget - sftRows });
  const before = await stages.metrics(await stages.evaluate({ reference, name: 'warm start' }));
  await condition(() => decision !== undefined);
  if (decision !== true) return { warmStart: before.score };

  const data = await stages.synthesizeData({ rows: budget - sftRows, reference });
  const adapter = await stages.trainPreference({ reference, data });
  const after = await stages.metrics(await stages.evaluate({ reference, adapter, name: 'tuned' }));
  return { warmStart: before.score, tuned: after.score };
}
