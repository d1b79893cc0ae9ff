import { BudgetlineError } from '../../core/failures';
import { buildGeneration } from '../model/generation';
import { openSession, type BufferTensor, type Session } from '../runtime';
import { chunk } from './batches';
import { vectorTensor } from './feeds';
import { lower, cpuProfile, sessionOptions } from './placement';
import { createSource } from './train-graphs';
import type { Generation, GenerationRequest, Generator, GeneratorOptions, GraphProfile } from './types';

/** Prompt lengths are rounded up to a multiple of this. */
const promptMultiple = 8;

interface Plan extends GeneratorOptions {
  readonly profile: GraphProfile;
  readonly promptLength: number;
  readonly samplesPerPrompt: number;
}

function planGeneration(options: GeneratorOptions): Plan {
  const { profile = cpuProfile, samplesPerPrompt = 1, batchSize, maxPromptTokens } = options;
  if (batchSize % samplesPerPrompt !== 0)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `batchSize ${batchSize} is not a multiple of samplesPerPrompt ${samplesPerPrompt}.`,
    );
  const promptLength = Math.ceil(maxPromptTokens / promptMultiple) * promptMultiple;
  return { ...options, profile, samplesPerPrompt, promptLength };
}

function buildModel(plan: Plan): Uint8Array {
  const { config, weights, decoding } = plan;
  const outputs = buildGeneration({
    config,
    source: createSource({ config, weights, lora: null }, new Map()),
    rows: plan.batchSize,
    samples: plan.samplesPerPrompt,
    promptLength: plan.promptLength,
    maxNewTokens: plan.maxNewTokens,
    endOfSequence: plan.endOfSequence,
    decoding,
  });
  return lower(plan.profile, { ...outputs }).bytes;
}

function checkRequest({ prompt, uniforms }: GenerationRequest, plan: Plan): void {
  if (prompt.length === 0) throw new BudgetlineError('DATA_INVALID', 'A prompt has no tokens.');
  if (prompt.length > plan.maxPromptTokens)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `A prompt has ${String(prompt.length)} tokens, more than maxPromptTokens, ${String(plan.maxPromptTokens)}.`,
    );
  if (plan.decoding.mode === 'sample' && uniforms.length < plan.maxNewTokens)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      'Sampling needs a uniform random number for every new token.',
    );
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

/** The prompts of a batch, one for each group of samples. */
function groupPrompts(
  requests: readonly GenerationRequest[],
  { samplesPerPrompt }: Plan,
): readonly Int32Array[] {
  return chunk(requests, samplesPerPrompt).map(([first, ...others]) => {
    const prompt = first?.prompt ?? new Int32Array();
    if (others.every((other) => sameTokens(other.prompt, prompt))) return prompt;
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `A group of ${samplesPerPrompt} requests (samplesPerPrompt) must share one prompt, but has several.`,
    );
  });
}

/** Concatenates the prompts. Those of empty rows have one token. */
function packPrompts(prompts: readonly Int32Array[], plan: Plan): Record<'ids' | 'lengths', BufferTensor> {
  const count = plan.batchSize / plan.samplesPerPrompt;
  const filled = Array.from({ length: count }, (_, index) => prompts[index] ?? new Int32Array(1));
  return {
    ids: vectorTensor(Int32Array.from(filled.flatMap((prompt) => [...prompt]))),
    lengths: vectorTensor(Int32Array.from(filled, ({ length }) => length)),
  };
}

/** Uniforms by position, then by row, so that a loop iteration reads one contiguous slice. */
function packUniforms(
  requests: readonly GenerationRequest[],
  { batchSize: rows, maxNewTokens }: Plan,
): BufferTensor {
  const uniforms = new Float32Array(maxNewTokens * rows);
  for (const [row, request] of requests.entries())
    for (let at = 0; at < maxNewTokens; at += 1) uniforms[at * rows + row] = request.uniforms[at] ?? 0;
  return { dims: [maxNewTokens, rows], data: uniforms };
}

function packRequests(requests: readonly GenerationRequest[], plan: Plan): Record<string, BufferTensor> {
  const running = new Float32Array(plan.batchSize).fill(1, 0, requests.length);
  const feeds = {
    ...packPrompts(groupPrompts(requests, plan), plan),
    running: { dims: [plan.batchSize], data: running },
  };
  return plan.decoding.mode === 'greedy' ? feeds : { ...feeds, uniforms: packUniforms(requests, plan) };
}

/** Tokens of one row up to the end of sequence, and the number of near ties among them. */
function readRow(tokens: BigInt64Array, near: Float32Array, end: bigint): Generation {
  const stop = tokens.indexOf(end);
  const ids = Int32Array.from(stop < 0 ? tokens : tokens.subarray(0, stop), Number);
  const decided = near.subarray(0, stop < 0 ? tokens.length : stop + 1);
  const nearTies = decided.reduce((count, candidates) => count + (candidates > 1.5 ? 1 : 0), 0);
  return { ids, finish: stop < 0 ? 'length' : 'stop', nearTies };
}

function readRows(results: Awaited<ReturnType<Session['run']>>, count: number, plan: Plan): Generation[] {
  const [tokens, near] = [results.get('tokens')?.data, results.get('near')?.data];
  if (!(tokens instanceof BigInt64Array) || !(near instanceof Float32Array))
    throw new BudgetlineError('CONFIG_INVALID', 'The graph has no tokens.');
  const width = tokens.length / plan.batchSize;
  return Array.from({ length: count }, (_, row) => {
    const [from, to] = [row * width, (row + 1) * width];
    return readRow(tokens.subarray(from, to), near.subarray(from, to), BigInt(plan.endOfSequence));
  });
}

/** Opens a generator with a fixed batch shape: one graph that completes a batch of prompts. */
export async function createGenerator(options: GeneratorOptions): Promise<Generator> {
  const plan = planGeneration(options);
  const session = await openSession(buildModel(plan), {
    ...sessionOptions(plan.profile, plan.threads),
    prepackWeights: true,
  });
  return {
    async generate(requests) {
      if (requests.length > plan.batchSize)
        throw new BudgetlineError(
          'CONFIG_INVALID',
          `A batch has ${String(requests.length)} requests, more than batchSize ${String(plan.batchSize)}.`,
        );
      for (const request of requests) checkRequest(request, plan);
      return readRows(await session.run(packRequests(requests, plan)), requests.length, plan);
    },
    release: () => session.release(),
  };
}
