import type { AllocationExperimentInput } from '../../workflows/allocation-experiment';
import { createStages } from '../../workflows/compose';

/** A cell whose second stage differs from its recorded histories, which breaks the replay of running cells. */
export async function allocationExperiment({ resolved }: AllocationExperimentInput): Promise<void> {
  const { definition } = resolved;
  const stages = createStages({ resolved, seed: definition.seed });
  const data = await stages.synthesizeData({ rows: definition.budget * definition.sftFraction });
  await stages.freezeReference({ adapter: null });
  await stages.trainSft({ data });
}
