import type { AllocationExperimentInput } from '../../workflows/allocation-experiment';
import { createStages } from '../../workflows/compose';

/** A cell whose second stage differs from its recorded histories, which breaks the replay of running cells. */
export async function allocationExperiment({ resolved, parent }: AllocationExperimentInput): Promise<void> {
  const { definition } = resolved;
  const experimentId = parent?.experimentId ?? definition.name;
  const stages = createStages({ resolved, experimentId, seed: definition.seed });
  const data = await stages.synthesizeData({ rows: definition.budget * definition.sftFraction });
  await stages.freezeReference({ adapter: null });
  await stages.trainSft({ data });
}
