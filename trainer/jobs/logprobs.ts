import { demonstrationRow, type LogprobRow } from '../../schemas/rows';
import type { JobOf } from '../../schemas/trainer-job';
import { textRows } from '../data/chat';
import { encodeExample, fitExample, joinSequence } from '../data/encode';
import { createScorer, maxSequenceLength } from '../engine';
import type { SequenceRow } from '../rows';
import { hashFile } from '../io/files';
import { readJsonLines } from '../io/jsonl';
import { openTokenizer, type Tokenizer } from '../io/tokenizer';
import type { Command, JobContext } from './context';
import { describeModel, loadMergedModel } from './models';
import { chunkIndices, prepareRowJob, type RowWork } from './row-job';

type LogprobsJob = JobOf<'logprobs'>;

interface Scored {
  readonly id: string;
  readonly row: SequenceRow;
}

async function readRows({ data: path, maxLength }: LogprobsJob, tokenizer: Tokenizer): Promise<Scored[]> {
  const policy = { maxLength, onOverlength: 'error', beginOfSequence: tokenizer.beginOfSequence } as const;
  const rows: Scored[] = [];
  for await (const { line, row } of readJsonLines(path, textRows(demonstrationRow, tokenizer.chatTemplate))) {
    const texts = { prompt: row.prompt, answers: { completion: row.completion } };
    const { prompt, answers } = encodeExample(tokenizer, texts, { path, line });
    fitExample({ prompt, answers }, policy, { path, line });
    rows.push({ id: row.id, row: joinSequence(prompt, answers[0] ?? []) });
  }
  return rows;
}

async function openScoring({ job, profile, family }: JobContext<LogprobsJob>): Promise<RowWork<LogprobRow>> {
  const model = await loadMergedModel(job, family);
  const rows = await readRows(job, await openTokenizer(job.model, model.settings));
  const batches = chunkIndices([...rows.keys()], job.batchSize);
  const scorer = createScorer({
    config: model.settings.config,
    weights: model.weights,
    threads: job.plan.threads,
    profile,
    microBatchSize: job.batchSize,
    maxLength: maxSequenceLength(rows.map(({ row }) => row)),
  });
  return {
    batches,
    async make(indices) {
      const own = indices.map((index) => rows[index]!);
      const logprobs = await scorer.logprobs(own.map(({ row }) => row));
      return own.map(({ id, row }, index) => ({
        id,
        logprob: logprobs[index]!,
        tokens: row.ids.length - row.completionStart,
      }));
    },
    tokensOf: ({ tokens }) => tokens,
    summarise: () => ({}),
    release: () => scorer.release(),
  };
}

/** Summed log-probability of each completion, including its end-of-sequence token. */
export const logprobs: Command<LogprobsJob> = {
  describeInputs: async (job) => ({ ...(await describeModel(job)), data: await hashFile(job.data) }),
  prepare: (context) =>
    prepareRowJob(context, { outputFile: 'logprobs.jsonl', open: () => openScoring(context) }),
};
