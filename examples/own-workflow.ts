import type { ResolvedExperiment } from 'budgetline';
import { createStages } from 'budgetline/workflows';

/** Scores of two uses of the same pairs, from the same warm start. */
export interface Comparison {
  readonly warmStart: number;
  readonly preference: number;
  readonly chosenOnly: number;
}

/**
 * Your own pipeline: the same stages in another order. It evaluates the warm start before it buys pairs. Then it trains
 * on them twice in parallel: by DPO, and by plain SFT on the chosen answers. It runs in Temporal's workflow sandbox, so
 * it imports 'budgetline/workflows', and types only of everything else.
 */
export async function compareTrainings(resolved: ResolvedExperiment): Promise<Comparison> {
  const { budget, seed } = resolved.definition;
  const rows = Math.floor(budget / 2);
  const stages = createStages({ resolved, seed, experimentId: 'compare-trainings' });

  const demonstrations = await stages.synthesizeData({ rows });
  const sft = await stages.trainSft({ data: demonstrations });
  const reference = await stages.freezeReference({ adapter: sft });
  const warmStart = await stages.evaluate({ reference });

  const pairs = await stages.synthesizeData({ rows: budget - rows, reference });
  const [preference, chosen] = await Promise.all([
    stages.trainPreference({ reference, data: pairs }),
    stages.trainSft({ data: pairs, base: reference, column: 'chosen' }),
  ]);
  const [preferred, supervised] = await Promise.all([
    stages.evaluate({ reference, adapter: preference }),
    stages.evaluate({ reference, adapter: chosen }),
  ]);
  const scores = await Promise.all([warmStart, preferred, supervised].map(stages.metrics));
  const [first, second, third] = scores.map(({ score }) => score);
  return { warmStart: first!, preference: second!, chosenOnly: third! };
}
