import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { JobOf } from '../../contracts/trainer-job';
import type { Checkpoint } from '../checkpoints/checkpoint';
import { readPairs, type Dataset } from '../data/datasets';
import type { PairRow, StepFigures } from '../engine/types';
import { hashFile, writeSynced } from '../io/files';
import { toJsonLine } from '../io/jsonl';
import { loadModelFolder, weightsFileName } from '../io/model-folder';
import { openTokenizer } from '../io/tokenizer';
import type { Command, JobContext, JobFigures } from './context';
import {
  describeFineTuningInputs,
  openFineTuning,
  planFineTuning,
  reportContext,
  reportOverLength,
  saveTrained,
} from './fine-tuning';
import { runReferencePass, type ReferenceRow } from './reference-pass';
import { findResumePoint, train, writeMetrics } from './training';

type Context = JobContext<JobOf<'preference'>>;

/** Error of a summed log-probability in f32, a token, that still counts as equal. */
const toleranceAToken = 1e-5;

const answerTokens = ({ chosen, rejected }: PairRow): number =>
  chosen.ids.length - chosen.completionStart + rejected.ids.length - rejected.completionStart;

/** Before the first step the policy is its reference: the margin is 0 and the loss ln 2, or the reference is wrong. */
export function checkFirstStep(
  beta: number,
  step: number,
  figures: StepFigures,
  rows: readonly PairRow[],
): void {
  if (step !== 1) return;
  const tolerance = beta * toleranceAToken * Math.max(...rows.map(answerTokens));
  const expected = { loss: Math.LN2, 'rewards/margin': 0 } as const;
  for (const [name, value] of Object.entries(expected)) {
    const found = figures[name];
    if (found !== undefined && Math.abs(found - value) <= tolerance) continue;
    throw new BudgetlineError(
      'TRAINING_DIVERGED',
      `Step 1: ${name} is ${found} before anything was learnt and must be ${value}.`,
      {
        remedy:
          'The policy does not start as its reference: this is a fault of the program or of the reference folder.',
        details: { step, figure: name, found: found ?? null, tolerance },
      },
    );
  }
}

async function requireReference(job: JobOf<'preference'>): Promise<void> {
  const path = join(job.reference, weightsFileName);
  const found = await hashFile(path);
  if (found === job.referenceSha256) return;
  throw new BudgetlineError(
    'REFERENCE_MISMATCH',
    `${path} has SHA-256 ${found}, field "referenceSha256" asks for ${job.referenceSha256}.`,
    {
      remedy: 'Start from the frozen reference that the pairs were made for.',
      details: { path, field: 'referenceSha256', found },
    },
  );
}

function withReference(dataset: Dataset<PairRow>, reference: readonly ReferenceRow[]): PairRow[] {
  return dataset.rows.map((row, index) => {
    const { chosen, rejected } = reference[index]!;
    return { ...row, referenceChosen: chosen, referenceRejected: rejected };
  });
}

async function runPreference(context: Context, from: Checkpoint | null, output: string): Promise<JobFigures> {
  const { job } = context;
  const model = loadModelFolder(job.reference);
  reportContext(context, model);
  const dataset = await readPairs(job, await openTokenizer(job.reference, model.settings));
  reportOverLength(context, dataset);
  const { lengthBuckets } = planFineTuning(job, dataset.rows);
  const objective = { name: 'sigmoid', beta: job.loss.beta } as const;
  const { engine } = await openFineTuning(job, { model, objective, lengthBuckets });
  const reference = await runReferencePass(context, engine, dataset);
  const plan = planFineTuning(job, withReference(dataset, reference));
  if (from !== null) engine.importState(from.state);
  const check = (step: number, figures: StepFigures, rows: readonly unknown[]): void =>
    checkFirstStep(job.loss.beta, step, figures, rows as readonly PairRow[]);
  const figures = await train(context, { engine, from, ...plan, check });
  await saveTrained(job, engine, output);
  writeMetrics(job, output);
  writeSynced(join(output, 'reference-logprobs.jsonl'), reference.map(toJsonLine));
  await engine.release();
  return { rows: dataset.rows.length, overLengthRows: dataset.overLength, ...figures };
}

/** Direct preference optimisation against a frozen reference, whose log-probabilities are computed once. */
export const preference: Command<JobOf<'preference'>> = {
  async describeInputs(job) {
    await requireReference(job);
    return describeFineTuningInputs(job);
  },
  async prepare(context) {
    const from = await findResumePoint(context);
    return { resumedFromStep: from?.step ?? 0, run: (output) => runPreference(context, from, output) };
  },
};
