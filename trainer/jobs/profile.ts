import { join } from 'node:path';
import type { TrainingSpec } from '../../contracts/definition';
import type { TrainerJob } from '../../contracts/trainer-job';
import type { GraphProfile } from '../engine/types';

/** Most steps of a call on a GPU: state crosses the bus once for all of them. */
const stepsPerCall = 8;

/**
 * How a job's graphs are made: a GPU's memory is dear, so layers are computed again there, and its models are large, so
 * frozen weights lie outside of the graphs.
 */
export function profileOf(
  { plan, workDir }: TrainerJob,
  precision?: TrainingSpec['precision'],
): GraphProfile {
  const onDevice = plan.device === 'cuda';
  return {
    provider: plan.device,
    precision: precision ?? 'f32',
    recompute: onDevice,
    ...(onDevice ? { constantsFolder: join(workDir, 'constants'), stepsPerCall } : {}),
  };
}
