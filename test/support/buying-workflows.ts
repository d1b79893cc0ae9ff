import type { ResolvedExperiment } from '../../contracts/resolved';
import { createStages } from '../../workflows/compose';

interface Buying {
  readonly resolved: ResolvedExperiment;
  readonly allowanceUsd?: number;
  readonly demonstrations: number;
  readonly pairs?: number;
}

/** Buys demonstrations, and at the same time pairs of the base model's samples. */
export async function buy({ resolved, allowanceUsd, demonstrations, pairs }: Buying): Promise<void> {
  const { seed } = resolved.definition;
  const stages = createStages({ resolved, seed, allowanceUsd });
  const reference = await stages.freezeReference({ adapter: null });
  await Promise.all([
    stages.synthesizeData({ rows: demonstrations }),
    ...(pairs === undefined ? [] : [stages.synthesizeData({ rows: pairs, reference })]),
  ]);
}
