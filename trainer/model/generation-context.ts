import { dynamic, ops, type Value } from '../graph';
import type { Decoding } from '../../schemas/trainer-job';
import type { Attention, DecoderContext, ModelConfig, WeightSource } from '../families/define';
import { createContext, masked, type LayerCache } from './decoder';
import { createRopeTables, type RopeTables } from './rope';

/** The shape of a generation batch and its decoding strategy. */
export interface GenerationSpec {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  /** Rows of a batch: B. */
  readonly rows: number;
  /** Consecutive rows that continue the same prompt: S. A batch has U = B / S prompts. */
  readonly samples: number;
  /** Prompts are padded to this length: P. */
  readonly promptLength: number;
  readonly maxNewTokens: number;
  readonly endOfSequence: number;
  readonly decoding: Decoding;
}

/** The values that prefill and decoding share. */
export interface GenerationContext {
  readonly spec: GenerationSpec;
  readonly context: DecoderContext;
  /** U */
  readonly prompts: number;
  /** Tokens of each prompt: i64 [U]. */
  readonly promptLengths: Value;
  /** Prompt tokens of each row: i64 [B]. */
  readonly lengths: Value;
  /** 0 at a prompt's tokens and `masked` at its padding: [U · KV, 1, P]. */
  readonly promptMask: Value;
  readonly ropeTables: ReturnType<typeof createRopeTables>;
}

/** Repeats each entry of the first axis for every sample of its prompt: [U, …] → [B, …]. */
export function repeatSamples({ samples }: GenerationSpec, x: Value): Value {
  const [prompts = 0, ...rest] = x.shape;
  const spread = ops.broadcastTo(ops.reshape(x, [prompts, 1, ...rest]), [prompts, samples, ...rest]);
  return ops.reshape(spread, [prompts * samples, ...rest]);
}

function maskPrompts({ config, promptLength }: GenerationSpec, lengths: Value): Value {
  const prompts = lengths.shape[0] ?? 0;
  const columns = ops.integers([...Array(promptLength).keys()], [1, 1, promptLength]);
  const last = ops.sub(ops.reshape(lengths, [prompts, 1, 1]), ops.integers([1]));
  const mask = ops.where(ops.lessOrEqual(columns, last), ops.scalar(0), ops.scalar(masked));
  const perHead = ops.broadcastTo(mask, [prompts, config.keyValueHeads, promptLength]);
  return ops.reshape(perHead, [prompts * config.keyValueHeads, 1, promptLength]);
}

/** Graph input: lengths (i32 [U]). */
export function createGenerationContext(spec: GenerationSpec): GenerationContext {
  const { config, rows, promptLength, samples } = spec;
  const prompts = rows / samples;
  const promptLengths = ops.cast(ops.input('lengths', 'i32', [prompts]), 'i64');
  return {
    spec,
    context: createContext(config, spec.source),
    prompts,
    promptLengths,
    lengths: repeatSamples(spec, promptLengths),
    promptMask: maskPrompts(spec, promptLengths),
    ropeTables: createRopeTables(promptLength + spec.maxNewTokens),
  };
}

/** Splits one token a row by head: [N, heads · hd] → [N · KV, R, hd]. With T = 1 no transpose is needed. */
function splitHeads(
  { spec: { config } }: GenerationContext,
  x: Value,
  heads: number,
  rope: { positions: Value; tables: RopeTables } | null = null,
): Value {
  const { keyValueHeads, headSize } = config;
  const rows = x.shape[0] ?? 0;
  const token = ops.reshape(x, [rows, 1, heads * headSize]);
  const rotated = rope === null ? token : ops.rope(token, rope.positions, rope.tables, heads);
  return ops.reshape(rotated, [rows * keyValueHeads, heads / keyValueHeads, headSize]);
}

/** Keys of one token a row, rotated. */
function splitKeys(generation: GenerationContext, k: Value, layer: number, positions: Value): Value {
  const { config } = generation.spec;
  const { rotary } = config.family.decoder.attention(config, layer);
  const rope = rotary && { positions, tables: generation.ropeTables(rotary) };
  return splitHeads(generation, k, config.keyValueHeads, rope);
}

/** Queries of one token a row, rotated and scaled. Scaled tables do both at once. */
export function splitQueries(
  generation: GenerationContext,
  q: Value,
  layer: number,
  positions: Value,
): Value {
  const { config } = generation.spec;
  const { scale, rotary } = config.family.decoder.attention(config, layer);
  if (rotary === null) return ops.mul(splitHeads(generation, q, config.heads), ops.scalar(scale));
  return splitHeads(generation, q, config.heads, {
    positions,
    tables: generation.ropeTables(rotary, scale),
  });
}

/** [N · KV, R, hd] → [N, H · hd] */
export function mergeHeads({ spec: { config } }: GenerationContext, x: Value): Value {
  const rows = (x.shape[0] ?? 0) / config.keyValueHeads;
  return ops.reshape(x, [rows, config.heads * config.headSize]);
}

/** [B · KV, R, w] → [U · KV, S · R, w]: one product of a prompt's keys with the queries of all its samples. */
function groupSamples({ spec, prompts }: GenerationContext, x: Value): Value {
  if (spec.samples === 1) return x;
  const [, repeats = 0, width = 0] = x.shape;
  const heads = spec.config.keyValueHeads;
  const separate = ops.reshape(x, [prompts, spec.samples, heads, repeats, width]);
  const grouped = ops.transpose(separate, [0, 2, 1, 3, 4]);
  return ops.reshape(grouped, [prompts * heads, spec.samples * repeats, width]);
}

/** [U · KV, S · R, w] → [B · KV, R, w] */
function ungroupSamples({ spec, prompts }: GenerationContext, x: Value): Value {
  if (spec.samples === 1) return x;
  const [, rows = 0, width = 0] = x.shape;
  const [heads, repeats] = [spec.config.keyValueHeads, rows / spec.samples];
  const grouped = ops.reshape(x, [prompts, heads, spec.samples, repeats, width]);
  const separate = ops.transpose(grouped, [0, 2, 1, 3, 4]);
  return ops.reshape(separate, [spec.rows * heads, repeats, width]);
}

/** The KV caches of a decoding step: of prompts [U · KV, P, hd] and of new tokens [B · KV, n, hd]. */
export interface PastKeyValues {
  readonly positions: Value;
  readonly prompts: readonly LayerCache[];
  readonly newTokens: readonly LayerCache[];
}

/** Each row's newest token attends to its prompt and its new tokens. `onCache` receives the caches with it appended. */
export function createDecodingAttention(
  generation: GenerationContext,
  past: PastKeyValues,
  onCache: (cache: LayerCache) => void,
): Attention {
  const { config, promptLength } = generation.spec;
  const { positions } = past;
  return (projections, layer) => {
    const [prompt, before] = [past.prompts[layer], past.newTokens[layer]];
    if (prompt === undefined || before === undefined) throw new RangeError('a layer has no cache');
    const q = splitQueries(generation, projections.q, layer, positions);
    const key = splitKeys(generation, projections.k, layer, positions);
    const k = ops.concat([before.k, key], 1);
    const v = ops.concat([before.v, splitHeads(generation, projections.v, config.keyValueHeads)], 1);
    onCache({ k, v });
    const promptScores = ops.add(
      ops.matmul(groupSamples(generation, q), prompt.k, { transB: true }),
      generation.promptMask,
    );
    const scores = [ungroupSamples(generation, promptScores), ops.matmul(q, k, { transB: true })];
    const probabilities = ops.softmax(ops.concat(scores, 2));
    const toPrompt = groupSamples(generation, ops.slice(probabilities, 2, 0, promptLength));
    const fromPrompt = ungroupSamples(generation, ops.matmul(toPrompt, prompt.v));
    const fromNew = ops.matmul(ops.slice(probabilities, 2, promptLength, dynamic), v);
    return mergeHeads(generation, ops.add(fromPrompt, fromNew));
  };
}
