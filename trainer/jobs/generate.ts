import { createHash } from 'node:crypto';
import { promptRow, type GenerationRow } from '../../contracts/rows';
import type { JobOf } from '../../contracts/trainer-job';
import { cutOldest } from '../data/encode';
import { drawFloats, streams } from '../data/random';
import { createGenerator } from '../engine';
import type { Generation, GenerationRequest } from '../engine/types';
import { hashFile } from '../io/files';
import { readJsonLines, rowFailure } from '../io/jsonl';
import { openTokenizer, type Tokenizer } from '../io/tokenizer';
import { type Command, type JobContext } from './context';
import { describeModel, loadMergedModel } from './models';
import { prepareRowJob, type RowWork } from './row-job';

type GenerateJob = JobOf<'generate'>;

interface Prompt {
  readonly id: string;
  readonly ids: Int32Array;
}

async function readPrompts({ job, warn }: JobContext<GenerateJob>, tokenizer: Tokenizer): Promise<Prompt[]> {
  const { prompts: path, maxPromptTokens } = job;
  const prompts: Prompt[] = [];
  let cut = 0;
  for await (const { line, row } of readJsonLines(path, promptRow)) {
    const ids = tokenizer.encodeStart(row.prompt);
    if (ids.length === 0) throw rowFailure(path, line, 'field "prompt" has no tokens', { field: 'prompt' });
    if (ids.length > maxPromptTokens) {
      if (job.overLength === 'refuse')
        throw rowFailure(
          path,
          line,
          `${ids.length} prompt tokens, and maxPromptTokens is ${maxPromptTokens}`,
          {
            field: 'maxPromptTokens',
          },
        );
      cut += 1;
    }
    prompts.push({
      id: row.id,
      ids: Int32Array.from(cutOldest(ids, maxPromptTokens, tokenizer.beginOfSequence)),
    });
  }
  if (cut > 0)
    warn(
      'OVER_LENGTH',
      `${cut} prompts of ${path} are longer than ${maxPromptTokens} tokens and lost their oldest ones.`,
    );
  return prompts;
}

/** Draws of one sample: a function of the seed, the prompt's id, the sample and the position, and of nothing else in the job. */
function drawUniforms(job: GenerateJob, id: string, sample: number): Float32Array {
  if (job.decoding.mode === 'greedy') return new Float32Array(0);
  const hash = createHash('sha256').update(id).digest();
  const words = [hash.readUInt32LE(0), hash.readUInt32LE(4), sample] as const;
  return drawFloats({ seed: job.seed, purpose: streams.sample, words }, job.maxNewTokens);
}

function toRow(
  tokenizer: Tokenizer,
  place: { id: string; sample: number; greedy: boolean },
  made: Generation,
): GenerationRow {
  return {
    id: place.id,
    sample: place.sample,
    completion: tokenizer.decode([...made.ids]),
    tokens: made.ids.length,
    finish: made.finish,
    ...(place.greedy ? { nearTies: made.nearTies } : {}),
  };
}

async function openGeneration(context: JobContext<GenerateJob>): Promise<RowWork<GenerationRow>> {
  const { job } = context;
  const model = await loadMergedModel(job);
  const tokenizer = await openTokenizer(job.model, model.settings);
  const prompts = await readPrompts(context, tokenizer);
  const { config } = model.settings;
  const { batchRows, maxPromptTokens, maxNewTokens, decoding, samples } = job;
  const generator = await createGenerator({
    config,
    weights: model.weights,
    threads: job.plan.threads,
    batchRows,
    maxPromptTokens,
    maxNewTokens,
    endOfSequence: tokenizer.endOfSequence,
    decoding,
  });
  const total = prompts.length * samples;
  const greedy = decoding.mode === 'greedy';
  return {
    batches: Math.ceil(total / batchRows),
    async make(batch) {
      const first = batch * batchRows;
      const places = Array.from({ length: Math.min(batchRows, total - first) }, (_, row) => ({
        prompt: prompts[Math.floor((first + row) / samples)]!,
        sample: (first + row) % samples,
      }));
      const requests: GenerationRequest[] = places.map(({ prompt, sample }) => ({
        prompt: prompt.ids,
        uniforms: drawUniforms(job, prompt.id, sample),
      }));
      const made = await generator.generate(requests);
      return places.map(({ prompt, sample }, index) =>
        toRow(tokenizer, { id: prompt.id, sample, greedy }, made[index]!),
      );
    },
    tokensOf: ({ tokens }) => tokens,
    release: () => generator.release(),
  };
}

/** Generates answers, `samples` a prompt, in the order of the prompts. */
export const generate: Command<GenerateJob> = {
  describeInputs: async (job) => ({ ...(await describeModel(job)), prompts: await hashFile(job.prompts) }),
  prepare: (context) =>
    prepareRowJob(context, {
      outputFile: 'generations.jsonl',
      open: () => openGeneration(context),
      figuresOf: (rows) => ({
        rows: rows.length,
        tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0),
        unfinishedRows: rows.filter(({ finish }) => finish === 'length').length,
        nearTies: rows.reduce((sum, { nearTies }) => sum + (nearTies ?? 0), 0),
      }),
    }),
};
