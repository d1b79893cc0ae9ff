import type { SpecOf } from '../../stages';
import { rowsFile } from '../dataset';
import type { StageOutput, StageSession } from '../session';
import { trainingJob } from '../training-job';

/** Supervised fine-tuning of the input `base` on the input `data`. */
export async function trainSft(session: StageSession, spec: SpecOf<'trainSft'>): Promise<StageOutput> {
  const base = await session.inputs.open('base');
  const data = await session.inputs.open('data');
  const job = session.jobBase();
  const { result } = await session.runTrainer({
    ...job,
    command: 'sft',
    model: base.dir,
    data: rowsFile(data.dir),
    column: spec.column,
    ...(await trainingJob(session, spec)),
  });
  return { dir: job.outputDir, metrics: result.metrics };
}
