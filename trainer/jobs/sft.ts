import type { JobOf } from '../../schemas/trainer-job';
import type { Checkpoint } from '../checkpoints/checkpoint';
import { readDemonstrations } from '../data/datasets';
import { loadModel } from '../io/model-folder';
import { openTokenizer } from '../io/tokenizer';
import type { Command, JobContext, JobMetrics } from './context';
import {
  countRows,
  describeFineTuningInputs,
  openFineTuning,
  planFineTuning,
  reportContext,
  reportOverlength,
  saveTrained,
} from './fine-tuning';
import { readHeldOut } from './held-out';
import { findResumePoint, train, writeMetrics } from './training';

async function runSft(
  context: JobContext<JobOf<'sft'>>,
  from: Checkpoint | null,
  output: string,
): Promise<JobMetrics> {
  const { job } = context;
  const model = await loadModel(job.model, context.family);
  reportContext(context, model);
  const tokenizer = await openTokenizer(job.model, model.settings);
  const dataset = await readDemonstrations(job, tokenizer);
  reportOverlength(context, dataset);
  const { rows } = dataset;
  const plan = planFineTuning(job, { rows, heldOut: await readHeldOut(job, tokenizer) });
  const engine = openFineTuning(context, { model, objective: { rows: 'sequences' }, ...plan });
  if (from !== null) engine.importState(from.state);
  const metrics = await train(context, { engine, from, ...plan });
  await saveTrained(context, engine, { model, output });
  writeMetrics(job, output);
  await engine.release();
  return { ...countRows(dataset, plan), ...metrics };
}

/** Supervised fine-tuning: cross-entropy on the tokens of the completion. */
export const sft: Command<JobOf<'sft'>> = {
  describeInputs: describeFineTuningInputs,
  async prepare(context) {
    const from = await findResumePoint(context);
    return { resumedFromStep: from?.step ?? 0, run: (output) => runSft(context, from, output) };
  },
};
