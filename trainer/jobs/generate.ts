import { promptRow, type GenerationRow } from '../../schemas/rows';
import type { JobOf } from '../../schemas/trainer-job';
import { promptBucket } from '../data/buckets';
import { textRows } from '../data/chat';
import { cutOldest } from '../data/encode';
import { sampleUniforms } from '../data/random';
import { createGenerator } from '../engine';
import type { Generation, GenerationRequest, Generator } from '../engine/types';
import { hashFile } from '../io/files';
import { readJsonLines, rowFailure } from '../io/jsonl';
import type { ModelFolder } from '../io/model-folder';
import { openTokenizer, type Tokenizer } from '../io/tokenizer';
import type { Command, JobContext } from './context';
import { describeModel, loadMergedModel } from './models';
import { chunkPlaces, prepareRowJob, type RowWork } from './row-job';

type GenerateJob = JobOf<'generate'>;

interface Prompt {
  readonly id: string;
  readonly ids: Int32Array;
}

interface Prompts {
  readonly prompts: readonly Prompt[];
  /** Prompts that lost their oldest tokens. */
  readonly cut: number;
}

async function readPrompts({ job, warn }: JobContext<GenerateJob>, tokenizer: Tokenizer): Promise<Prompts> {
  const { prompts: path, maxPromptTokens: most } = job;
  const prompts: Prompt[] = [];
  let cut = 0;
  for await (const { line, row } of readJsonLines(path, textRows(promptRow, tokenizer.chatTemplate))) {
    const ids = tokenizer.encodeStart(row.prompt);
    if (ids.length === 0) throw rowFailure(path, line, 'field "prompt" has no tokens', { field: 'prompt' });
    if (ids.length > most && job.onOverlength === 'error')
      throw rowFailure(path, line, `${ids.length} prompt tokens, and maxPromptTokens is ${most}`, {
        field: 'maxPromptTokens',
      });
    if (ids.length > most) cut += 1;
    prompts.push({ id: row.id, ids: Int32Array.from(cutOldest(ids, most, tokenizer.beginOfSequence)) });
  }
  if (cut > 0)
    warn(
      'OVER_LENGTH',
      `${cut} prompts of ${path} are longer than ${most} tokens and lost their oldest ones.`,
    );
  return { prompts, cut };
}

/** Prompts of one shape, and how many rows of theirs are run at once. */
interface ShapePlan {
  readonly promptTokens: number;
  readonly rows: number;
  /** Output places, a prompt's samples together. */
  readonly places: readonly number[];
}

/** Rows of a batch come in multiples of this, as matrix kernels take them. */
const kernelRows = 8;

/** Samples of a prompt that stand together in every batch, and so share it. */
const samplesTogether = ({ batchSize, samples }: GenerateJob): number =>
  batchSize % samples === 0 ? samples : 1;

/** So many rows for all batches of `count` rows that few are empty: an empty one costs what a row costs. */
function batchSizeFor(count: number, job: GenerateJob): number {
  const together = samplesTogether(job);
  const unit = together * Math.ceil(kernelRows / together);
  const even = count / Math.ceil(count / job.batchSize);
  return Math.min(job.batchSize, Math.ceil(even / unit) * unit);
}

/**
 * A plan for each prompt shape, by its length; a row's shape follows from its own prompt, whatever else is in the job. Prompts of
 * like length stand together, since their answers are of like length too and a batch lasts as long as its longest.
 */
function planShapes(job: GenerateJob, prompts: readonly Prompt[]): Map<number, ShapePlan> {
  const { samples, maxPromptTokens } = job;
  const byLength = [...prompts.keys()].sort(
    (a, b) => prompts[a]!.ids.length - prompts[b]!.ids.length || a - b,
  );
  const byShape = new Map<number, number[]>();
  for (const index of byLength) {
    const shape = promptBucket(prompts[index]!.ids.length, maxPromptTokens);
    const places = byShape.get(shape) ?? [];
    byShape.set(shape, places);
    for (let sample = 0; sample < samples; sample += 1) places.push(index * samples + sample);
  }
  return new Map(
    [...byShape].map(([promptTokens, places]) => {
      const rows = batchSizeFor(places.length, job);
      return [promptTokens, { promptTokens, rows, places }];
    }),
  );
}

/** Opens a generator for a prompt shape when it is first asked for, and releases the one before. */
function createGeneratorShelf(
  { job, profile }: JobContext<GenerateJob>,
  model: ModelFolder,
  endOfSequence: number,
) {
  let held: { shape: ShapePlan; generator: Generator } | null = null;
  const release = async (): Promise<void> => held?.generator.release();
  const get = async (shape: ShapePlan): Promise<Generator> => {
    if (held?.shape === shape) return held.generator;
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
      samplesPerPrompt: samplesTogether(job),
    });
    held = { shape, generator };
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
  const model = await loadMergedModel(job);
  const tokenizer = await openTokenizer(job.model, model.settings);
  const { prompts, cut } = await readPrompts(context, tokenizer);
  const shapes = planShapes(job, prompts);
  const shapeOf = ({ ids }: Prompt): ShapePlan => shapes.get(promptBucket(ids.length, job.maxPromptTokens))!;
  const shelf = createGeneratorShelf(context, model, tokenizer.endOfSequence);
  const greedy = job.decoding.mode === 'greedy';
  const toRow = (place: number, { ids, finish, nearTies }: Generation): GenerationRow => ({
    id: prompts[Math.floor(place / samples)]!.id,
    sample: place % samples,
    completion: tokenizer.decode([...ids]),
    tokens: ids.length,
    finish,
    ...(greedy ? { nearTies } : {}),
  });
  return {
    batches: [...shapes.values()].flatMap(({ places, rows }) => chunkPlaces(places, rows)),
    async make(places) {
      const own = places.map((place) => prompts[Math.floor(place / samples)]!);
      const generator = await shelf.get(shapeOf(own[0]!));
      const made = await generator.generate(
        own.map((prompt, row) => toRequest(job, prompt, places[row]! % samples)),
      );
      return places.map((place, row) => toRow(place, made[row]!));
    },
    tokensOf: ({ tokens }) => tokens,
    summarise: (rows) => ({
      cutPrompts: cut,
      unfinishedRows: rows.filter(({ finish }) => finish === 'length').length,
      nearTies: rows.reduce((sum, { nearTies }) => sum + (nearTies ?? 0), 0),
    }),
    release: shelf.release,
  };
}

/** Generates answers, `samples` a prompt, in the order of the prompts. */
export const generate: Command<GenerateJob> = {
  describeInputs: async (job) => ({ ...(await describeModel(job)), prompts: await hashFile(job.prompts) }),
  prepare: (context) =>
    prepareRowJob(context, { outputFile: 'generations.jsonl', open: () => openGeneration(context) }),
};
