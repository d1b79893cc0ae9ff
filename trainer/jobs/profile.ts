import { join } from 'node:path';
import type { TrainerJob } from '../../schemas/trainer-job';
import { createConstantsFile } from '../engine';
import type { GraphProfile } from '../engine/types';

/** Most steps of a call on a GPU: state crosses the bus once for all of them. */
const stepsPerCall = 8;

/**
 * How a job's graphs are made: a GPU's memory is dear, so layers are computed again there, and its models are large, so
 * frozen weights lie outside of the graphs.
 */
export function profileOf(job: TrainerJob): GraphProfile {
  const { plan, workDir } = job;
  const onDevice = plan.device === 'cuda';
  const precision = 'training' in job ? job.training.precision : undefined;
  return {
    provider: plan.device,
    precision: precision ?? 'f32',
    recompute: onDevice,
    ...(onDevice ? { constants: createConstantsFile(join(workDir, 'constants')), stepsPerCall } : {}),
  };
}
