import { join } from 'node:path';
import type { TrainerJob } from '../../schemas/trainer-job';
import { createExternalDataFile } from '../engine';
import type { GraphProfile } from '../engine/types';

/** Maximum steps per call on a GPU: state crosses the bus once per call. */
const stepsPerCall = 8;

/**
 * How a job's graphs are made. On a GPU, where memory is scarce and models are large, layers are recomputed in the
 * backward pass and frozen weights are external data.
 */
export function profileOf(job: TrainerJob): GraphProfile {
  const { plan, workDir } = job;
  const onDevice = plan.device === 'cuda';
  const precision = 'training' in job ? job.training.precision : undefined;
  return {
    provider: plan.device,
    precision: precision ?? 'f32',
    recompute: onDevice,
    externalData: onDevice ? createExternalDataFile(join(workDir, 'external-data')) : undefined,
    stepsPerCall: onDevice ? stepsPerCall : undefined,
  };
}
