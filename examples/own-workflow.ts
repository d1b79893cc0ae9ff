import type { ResolvedExperiment } from 'budgetline';
import { createStages } from 'budgetline/workflows';
import type { Artifact } from 'budgetline/workflows';

/** What `compareTrainings` returns: the same pairs put to two uses, from the same warm start. */
export interface Comparison {
  readonly warmStart: number;
  readonly preference: number;
  readonly chosenOnly: number;
}

const scoreOf = ({ result }: Artifact<'evaluate'>): number => result.metrics['score'] ?? 0;

/**
 * A pipeline of one's own, from the same stages in another order: it evaluates the warm start before it buys pairs, and
 * then trains on them twice side by side, by preference and by plain SFT on the chosen answers. Runs in Temporal's
 * workflow sandbox, so it imports 'budgetline/workflows' and, of everything else, types alone.
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
  return {
    warmStart: scoreOf(warmStart),
    preference: scoreOf(preferred),
    chosenOnly: scoreOf(supervised),
  };
}
