import { join } from 'node:path';
import { originOfExport } from '../../core/code';
import { digestOf } from '../../core/digest';
import { isUserLoss } from '../../losses/facts';
import type { JobLoss } from '../../schemas/losses';
import type { SpecOf } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { assertCode } from '../task-data';
import { trainingJob } from '../training-job';

/** The loss for the job. A user's code must be the one of the plan. @throws CODE_DIFFERS */
async function pinnedLoss(
  { stage: { files } }: StageSession,
  { loss, code }: SpecOf<'trainPreference'>,
): Promise<JobLoss> {
  if (!isUserLoss(loss)) return loss;
  const { loss: module = '' } = files;
  await assertCode(`the loss "${loss.export}"`, originOfExport(module, loss.export), code?.loss);
  return { ...loss, module, digest: digestOf(code?.loss) };
}

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
    loss: await pinnedLoss(session, spec),
    ...(await trainingJob(session, spec)),
  });
  return { dir: job.outputDir, metrics: result.metrics };
}
