import { BudgetlineError } from '../../contracts/failures';
import { lower } from '../graph';
import { buildGeneration } from '../model/generation';
import { openSession, type BufferTensor, type Session } from '../runtime';
import { createSource } from './train-graphs';
import type { Generation, GenerationRequest, Generator, GeneratorOptions } from './types';

/** Prompts are padded to a multiple of this. */
const promptMultiple = 8;

interface Plan extends GeneratorOptions {
  readonly promptLength: number;
}

function buildModel(plan: Plan): Uint8Array {
  const { config, weights, decoding } = plan;
  const outputs = buildGeneration({
    config,
    source: createSource({ config, weights, lora: null }, new Map()),
    rows: plan.batchRows,
    promptLength: plan.promptLength,
    maxNewTokens: plan.maxNewTokens,
    endOfSequence: plan.endOfSequence,
    temperature: decoding.mode === 'sample' ? decoding.temperature : null,
  });
  return lower({ ...outputs }).bytes;
}

function checkRequest({ prompt, uniforms }: GenerationRequest, plan: Plan): void {
  if (prompt.length === 0)
    throw new BudgetlineError('DATA_INVALID', 'A prompt without tokens cannot be continued.');
  if (prompt.length > plan.maxPromptTokens)
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `A prompt has ${String(prompt.length)} tokens, more than maxPromptTokens, ${String(plan.maxPromptTokens)}.`,
    );
  if (plan.decoding.mode === 'sample' && uniforms.length < plan.maxNewTokens)
    throw new BudgetlineError('CONFIG_INVALID', 'Sampling needs a uniform draw for every new token.');
}

function packRequests(requests: readonly GenerationRequest[], plan: Plan): Record<string, BufferTensor> {
  const { batchRows: rows, promptLength, maxNewTokens } = plan;
  const ids = new Int32Array(rows * promptLength);
  const lengths = new Int32Array(rows).fill(1);
  const running = new Float32Array(rows).fill(1, 0, requests.length);
  const uniforms = new Float32Array(maxNewTokens * rows);
  for (const [row, request] of requests.entries()) {
    ids.set(request.prompt, row * promptLength);
    lengths[row] = request.prompt.length;
    for (const [at, draw] of request.uniforms.subarray(0, maxNewTokens).entries())
      uniforms[at * rows + row] = draw;
  }
  const feeds = {
    ids: { dims: [ids.length], data: ids },
    lengths: { dims: [rows], data: lengths },
    running: { dims: [rows], data: running },
  };
  return plan.decoding.mode === 'greedy'
    ? feeds
    : { ...feeds, uniforms: { dims: [maxNewTokens, rows], data: uniforms } };
}

/** Tokens of one row up to its end, and how many of its positions were near ties. */
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
  const width = tokens.length / plan.batchRows;
  return Array.from({ length: count }, (_, row) => {
    const [from, to] = [row * width, (row + 1) * width];
    return readRow(tokens.subarray(from, to), near.subarray(from, to), BigInt(plan.endOfSequence));
  });
}

/** Opens a generator at a fixed batch shape: one graph that runs a batch of prompts to their ends. */
export async function createGenerator(options: GeneratorOptions): Promise<Generator> {
  const promptLength = Math.ceil(options.maxPromptTokens / promptMultiple) * promptMultiple;
  const plan: Plan = { ...options, promptLength };
  const session = await openSession(buildModel(plan), { threads: plan.threads, prepackWeights: true });
  return {
    async generate(requests) {
      if (requests.length > plan.batchRows)
        throw new BudgetlineError(
          'CONFIG_INVALID',
          `${String(requests.length)} requests for ${String(plan.batchRows)} rows.`,
        );
      for (const request of requests) checkRequest(request, plan);
      return readRows(await session.run(packRequests(requests, plan)), requests.length, plan);
    },
    release: () => session.release(),
  };
}
