import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { BoundLoss, BoundUnpairedLoss } from '../../losses/bind';
import { weightsFileName } from '../../schemas/model-files';
import type { JobOf } from '../../schemas/trainer-job';
import type { Checkpoint } from '../checkpoints/checkpoint';
import { isUnpaired } from '../engine';
import type { StepMetrics } from '../engine/types';
import type { TrainRow } from '../rows';
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
import { readHeldOut } from './held-out';
import { identifyLoss, loadLoss } from './loss';
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

const round = (value: number): number => Number(value.toFixed(2));

/** Compares (desirable weight × count) / (undesirable weight × count) with the range that the loss recommends. */
function reportBalance({ warn }: Context, loss: BoundUnpairedLoss, rows: readonly TrainRow[]): void {
  const { balance, weight } = loss;
  if (balance === null) return;
  const desirable = rows.filter((row) => isUnpaired(row) && row.desirable).length;
  const ratio = (weight(true) * desirable) / (weight(false) * (rows.length - desirable));
  if (ratio >= balance.min && ratio <= balance.max + 1e-9) return;
  warn(
    'KTO_UNBALANCED',
    `${desirable} desirable and ${rows.length - desirable} undesirable answers weigh ${ratio.toPrecision(3)} to 1; ` +
      `${balance.advice} so that the ratio is between ${round(balance.min)} and ${round(balance.max)}.`,
  );
}

async function runPreference<Row extends TrainRow, Reference>(
  context: Context,
  form: RowForm<Row, Reference>,
  { loss, from, output }: { loss: BoundLoss; from: Checkpoint | null; output: string },
): Promise<JobMetrics> {
  const { job } = context;
  const model = await loadModel(job.reference, context.family);
  reportContext(context, model);
  const tokenizer = await openTokenizer(job.reference, model.settings);
  const dataset = await form.read(job, tokenizer);
  reportOverlength(context, dataset);
  if (loss.rows === 'unpaired') reportBalance(context, loss, dataset.rows);
  const heldOut = await readHeldOut(job, tokenizer);
  const sizes = planFineTuning(job, { rows: dataset.rows, heldOut });
  const engine = openFineTuning(context, { model, objective: loss, ...sizes });
  const references = loss.needs.reference ? await runReferencePass(context, form, { engine, dataset }) : null;
  const rows =
    references === null ? dataset.rows : dataset.rows.map((row, i) => form.attach(row, references[i]!));
  // A baseline is measured on mismatched answers at every step.
  if (loss.rows === 'pairs' || !loss.baseline) await engine.closeScoring();
  if (from !== null) engine.importState(from.state);
  const monitorChosen = createChosenMonitor(context, loss);
  const check = (step: number, metrics: StepMetrics, batch: readonly TrainRow[]): void => {
    checkFirstStep(loss, step, { metrics, rows: batch });
    monitorChosen(step, metrics);
  };
  const metrics = await train(context, { engine, from, ...planFineTuning(job, { rows, heldOut }), check });
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
    return { ...(await describeFineTuningInputs(job)), loss: identifyLoss(job.loss) };
  },
  async prepare(context) {
    const from = await findResumePoint(context);
    const loss = await loadLoss(context.job.loss);
    return {
      resumedFromStep: from?.step ?? 0,
      run: (output) =>
        loss.rows === 'unpaired'
          ? runPreference(context, unpairedForm, { loss, from, output })
          : runPreference(context, pairForm, { loss, from, output }),
    };
  },
};
