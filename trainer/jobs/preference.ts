import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { KtoLoss } from '../../schemas/losses';
import { weightsFileName } from '../../schemas/model-files';
import type { JobOf } from '../../schemas/trainer-job';
import type { Checkpoint } from '../checkpoints/checkpoint';
import { needsReference } from '../../contracts/loss-titles';
import { isUnpaired } from '../engine';
import type { StepMetrics, TrainRow } from '../engine/types';
import { hashFile, writeSynced } from '../io/files';
import { toJsonLine } from '../io/jsonl';
import { loadModel } from '../io/model-folder';
import { openTokenizer } from '../io/tokenizer';
import { createChosenMonitor } from './chosen-monitor';
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
import { checkFirstStep } from './first-step';
import { pairForm, unpairedForm, type RowForm } from './preference-rows';
import { runReferencePass } from './reference-pass';
import { findResumePoint, train, writeMetrics } from './training';

type Context = JobContext<JobOf<'preference'>>;

async function requireReference(job: JobOf<'preference'>): Promise<void> {
  const path = join(job.reference, weightsFileName);
  const found = await hashFile(path);
  if (found === job.referenceSha256) return;
  throw new BudgetlineError(
    'REFERENCE_MISMATCH',
    `${path} has SHA-256 ${found}, but field "referenceSha256" is ${job.referenceSha256}.`,
    {
      remedy: 'Use the frozen reference that the pairs were made for.',
      details: { path, field: 'referenceSha256', found },
    },
  );
}

/** Range of (desirable weight × count) / (undesirable weight × count) that the authors of KTO recommend. */
const balance = { min: 1, max: 4 / 3 };

function reportBalance({ warn }: Context, loss: KtoLoss, rows: readonly TrainRow[]): void {
  const desirable = rows.filter((row) => isUnpaired(row) && row.desirable).length;
  const ratio = (loss.desirableWeight * desirable) / (loss.undesirableWeight * (rows.length - desirable));
  if (ratio >= balance.min && ratio <= balance.max + 1e-9) return;
  warn(
    'KTO_UNBALANCED',
    `${desirable} desirable and ${rows.length - desirable} undesirable answers weigh ${ratio.toPrecision(3)} to 1; ` +
      'set desirableWeight and undesirableWeight so that the ratio is between 1 and 1.33.',
  );
}

async function runPreference<Row extends TrainRow, Reference>(
  context: Context,
  form: RowForm<Row, Reference>,
  { from, output }: { from: Checkpoint | null; output: string },
): Promise<JobMetrics> {
  const { job } = context;
  const model = await loadModel(job.reference, context.family);
  reportContext(context, model);
  const dataset = await form.read(job, await openTokenizer(job.reference, model.settings));
  reportOverlength(context, dataset);
  if (job.loss.name === 'kto') reportBalance(context, job.loss, dataset.rows);
  const sizes = planFineTuning(job, dataset.rows);
  const engine = openFineTuning(context, { model, objective: job.loss, ...sizes });
  const references = needsReference(job.loss.name)
    ? await runReferencePass(context, form, { engine, dataset })
    : null;
  const rows =
    references === null ? dataset.rows : dataset.rows.map((row, i) => form.attach(row, references[i]!));
  // KTO scores mismatched answers at every step, for its baseline.
  if (job.loss.name !== 'kto') await engine.closeScoring();
  if (from !== null) engine.importState(from.state);
  const monitorChosen = createChosenMonitor(context);
  const check = (step: number, metrics: StepMetrics, batch: readonly TrainRow[]): void => {
    checkFirstStep(job.loss, step, { metrics, rows: batch });
    monitorChosen(step, metrics);
  };
  const metrics = await train(context, { engine, from, ...planFineTuning(job, rows), check });
  await saveTrained(context, engine, { model, output });
  writeMetrics(job, output);
  if (references !== null) writeSynced(join(output, 'reference-logprobs.jsonl'), references.map(toJsonLine));
  await engine.release();
  return { ...countRows(dataset, sizes), ...metrics };
}

/** Preference tuning against a frozen reference, which scores every row once before training. */
export const preference: Command<JobOf<'preference'>> = {
  async describeInputs(job) {
    await requireReference(job);
    return describeFineTuningInputs(job);
  },
  async prepare(context) {
    const from = await findResumePoint(context);
    const { loss } = context.job;
    return {
      resumedFromStep: from?.step ?? 0,
      run: (output) =>
        loss.name === 'kto'
          ? runPreference(context, unpairedForm, { from, output })
          : runPreference(context, pairForm, { from, output }),
    };
  },
};
