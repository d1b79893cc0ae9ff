import { promptRow, type GenerationRow } from '../../schemas/rows';
import type { JobOf } from '../../schemas/trainer-job';
import { promptBucket } from '../data/buckets';
import { textRows } from '../data/chat';
import { truncateLeft } from '../data/encode';
import { sampleUniforms } from '../data/random';
import { createGenerator } from '../engine';
import type { Generation, GenerationRequest, Generator } from '../engine/types';
import { hashFile } from '../io/files';
import { readJsonLines, rowFailure } from '../io/jsonl';
import type { ModelFolder } from '../io/model-folder';
import { openTokenizer, type Tokenizer } from '../io/tokenizer';
import type { Command, JobContext } from './context';
import { describeModel, loadMergedModel } from './models';
import { chunkIndices, prepareRowJob, type RowWork } from './row-job';

type GenerateJob = JobOf<'generate'>;

interface Prompt {
  readonly id: string;
  readonly ids: Int32Array;
}

interface Prompts {
  readonly prompts: readonly Prompt[];
  /** Prompts truncated on the left. */
  readonly truncated: number;
}

async function readPrompts({ job, warn }: JobContext<GenerateJob>, tokenizer: Tokenizer): Promise<Prompts> {
  const { prompts: path, maxPromptTokens: max } = job;
  const prompts: Prompt[] = [];
  let truncated = 0;
  for await (const { line, row } of readJsonLines(path, textRows(promptRow, tokenizer.chatTemplate))) {
    const ids = tokenizer.encodeStart(row.prompt);
    if (ids.length === 0) throw rowFailure(path, line, 'field "prompt" has no tokens', { field: 'prompt' });
    if (ids.length > max && job.onOverlength === 'error')
      throw rowFailure(path, line, `${ids.length} prompt tokens, and maxPromptTokens is ${max}`, {
        field: 'maxPromptTokens',
      });
    if (ids.length > max) truncated += 1;
    prompts.push({ id: row.id, ids: Int32Array.from(truncateLeft(ids, max, tokenizer.beginOfSequence)) });
  }
  if (truncated > 0)
    warn(
      'OVERLENGTH',
      `${truncated} prompts of ${path} are longer than ${max} tokens and were truncated on the left.`,
    );
  return { prompts, truncated };
}

/** The rows of one prompt shape, and their batch size. */
interface ShapePlan {
  readonly promptTokens: number;
  readonly rows: number;
  /** Output indices, the samples of a prompt adjacent. */
  readonly indices: readonly number[];
}

/** Batch sizes are multiples of this, the tile of matrix kernels. */
const kernelRows = 8;

/** Adjacent samples in a batch that share one prefilled prompt. */
const samplesPerPrompt = ({ batchSize, samples }: GenerateJob): number =>
  batchSize % samples === 0 ? samples : 1;

/** A batch size that leaves few empty rows when `count` rows are split evenly: an empty row costs as much as a full one. */
function batchSizeFor(count: number, job: GenerateJob): number {
  const group = samplesPerPrompt(job);
  const unit = group * Math.ceil(kernelRows / group);
  const even = count / Math.ceil(count / job.batchSize);
  return Math.min(job.batchSize, Math.ceil(even / unit) * unit);
}

/**
 * A plan for each prompt shape. A row's shape depends on its own prompt length only. Prompts are sorted by length: their
 * answers are of similar length too, and a batch runs until its longest answer ends.
 */
function planShapes(job: GenerateJob, prompts: readonly Prompt[]): Map<number, ShapePlan> {
  const { samples, maxPromptTokens } = job;
  const byLength = [...prompts.keys()].sort(
    (a, b) => prompts[a]!.ids.length - prompts[b]!.ids.length || a - b,
  );
  const byShape = new Map<number, number[]>();
  for (const index of byLength) {
    const shape = promptBucket(prompts[index]!.ids.length, maxPromptTokens);
    const indices = byShape.get(shape) ?? [];
    byShape.set(shape, indices);
    for (let sample = 0; sample < samples; sample += 1) indices.push(index * samples + sample);
  }
  return new Map(
    [...byShape].map(([promptTokens, indices]) => {
      const rows = batchSizeFor(indices.length, job);
      return [promptTokens, { promptTokens, rows, indices }];
    }),
  );
}

/** Holds one open generator; another prompt shape releases it and opens its own. */
function createGeneratorCache(
  { job, profile }: JobContext<GenerateJob>,
  model: ModelFolder,
  endOfSequence: number,
) {
  let open: { shape: ShapePlan; generator: Generator } | null = null;
  const release = async (): Promise<void> => open?.generator.release();
  const get = async (shape: ShapePlan): Promise<Generator> => {
    if (open?.shape === shape) return open.generator;
    await release();
    const generator = await createGenerator({
      config: model.settings.config,
      weights: model.weights,
      threads: job.plan.threads,
      profile,
      batchSize: shape.rows,
      maxPromptTokens: shape.promptTokens,
      maxNewTokens: job.maxNewTokens,
      endOfSequence,
      decoding: job.decoding,
      samplesPerPrompt: samplesPerPrompt(job),
    });
    open = { shape, generator };
    return generator;
  };
  return { get, release };
}

function toRequest(job: GenerateJob, { id, ids }: Prompt, sample: number): GenerationRequest {
  const { seed, decoding, maxNewTokens } = job;
  const count = decoding.mode === 'greedy' ? 0 : maxNewTokens;
  return { prompt: ids, uniforms: sampleUniforms({ seed, id, sample }, count) };
}

async function openGeneration(context: JobContext<GenerateJob>): Promise<RowWork<GenerationRow>> {
  const { job } = context;
  const { samples } = job;
  const model = await loadMergedModel(job, context.family);
  const tokenizer = await openTokenizer(job.model, model.settings);
  const { prompts, truncated } = await readPrompts(context, tokenizer);
  const shapes = planShapes(job, prompts);
  const shapeOf = ({ ids }: Prompt): ShapePlan => shapes.get(promptBucket(ids.length, job.maxPromptTokens))!;
  const cache = createGeneratorCache(context, model, tokenizer.endOfSequence);
  const greedy = job.decoding.mode === 'greedy';
  const toRow = (index: number, { ids, finish, nearTies }: Generation): GenerationRow => ({
    id: prompts[Math.floor(index / samples)]!.id,
    sample: index % samples,
    completion: tokenizer.decode([...ids]),
    tokens: ids.length,
    finish,
    nearTies: greedy ? nearTies : undefined,
  });
  return {
    batches: [...shapes.values()].flatMap(({ indices, rows }) => chunkIndices(indices, rows)),
    async make(indices) {
      const own = indices.map((index) => prompts[Math.floor(index / samples)]!);
      const generator = await cache.get(shapeOf(own[0]!));
      const made = await generator.generate(
        own.map((prompt, row) => toRequest(job, prompt, indices[row]! % samples)),
      );
      return indices.map((index, row) => toRow(index, made[row]!));
    },
    tokensOf: ({ tokens }) => tokens,
    summarise: (rows) => ({
      truncatedPrompts: truncated,
      unfinishedRows: rows.filter(({ finish }) => finish === 'length').length,
      nearTies: rows.reduce((sum, { nearTies }) => sum + (nearTies ?? 0), 0),
    }),
    release: cache.release,
  };
}

/** Generates `samples` answers per prompt, in the order of the prompts. */
export const generate: Command<GenerateJob> = {
  describeInputs: async (job) => ({ ...(await describeModel(job)), prompts: await hashFile(job.prompts) }),
  prepare: (context) =>
    prepareRowJob(context, { outputFile: 'generations.jsonl', open: () => openGeneration(context) }),
};
