import { join } from 'node:path';
import type { SpecOf } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { trainingJob } from '../training-job';

/**
 * Preference tuning on the pairs of the input `data`, from the input `reference` as policy and reference
 * model.
 */
export async function trainPreference(
  session: StageSession,
  spec: SpecOf<'trainPreference'>,
): Promise<StageOutput> {
  const reference = await session.inputs.open('reference');
  const data = await session.inputs.open('data');
  const job = session.jobBase();
  const { result } = await session.runTrainer({
    ...job,
    command: 'preference',
    reference: reference.dir,
    referenceSha256: reference.sha256Of('model.safetensors'),
    data: join(data.dir, 'pairs.jsonl'),
    loss: spec.loss,
    ...trainingJob(session, spec),
  });
  return { dir: job.outputDir, metrics: result.metrics };
}
