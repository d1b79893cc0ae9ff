import { growing, ops, type Value } from '../graph';
import type { Decoding } from '../../schemas/trainer-job';
import type { ModelConfig } from '../engine/types';
import {
  createContext,
  masked,
  type DecoderContext,
  type LayerCache,
  type TokenMixer,
  type WeightSource,
} from './decoder';
import { rotaryTables } from './rotary';

/** Shape and rule of generation. */
export interface GenerationSpec {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  /** Rows of a batch: B. */
  readonly rows: number;
  /** Consecutive rows that continue one prompt: S. The prompts of a batch are U = B / S. */
  readonly samples: number;
  /** Prompts are padded to this length: P. */
  readonly promptLength: number;
  readonly maxNewTokens: number;
  readonly endOfSequence: number;
  readonly decoding: Decoding;
}

interface Tables {
  readonly cos: Value;
  readonly sin: Value;
}

/** What prefill and decoding have in common. */
export interface Frame {
  readonly spec: GenerationSpec;
  readonly context: DecoderContext;
  readonly prompts: number;
  /** Tokens of each prompt: i64 [U]. */
  readonly promptLengths: Value;
  /** The same for each row: i64 [B]. */
  readonly lengths: Value;
  /** 0 where a prompt's token stands, else `masked`: [U · KV, 1, P]. */
  readonly promptMask: Value;
  readonly tables: Tables;
  /** The tables times 1 / √hd: a decoding query is turned and scaled at once, and its product with a key needs no factor. */
  readonly scaledTables: Tables;
}

/** Repeats each entry along the first axis once for each sample: [U, …] → [B, …]. */
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

/** Takes lengths (i32 [U]) from the graph's inputs. */
export function createFrame(spec: GenerationSpec): Frame {
  const { config, rows, promptLength, samples } = spec;
  const prompts = rows / samples;
  const promptLengths = ops.cast(ops.input('lengths', 'i32', [prompts]), 'i64');
  const tables = rotaryTables(config, promptLength + spec.maxNewTokens);
  const scale = ops.scalar(config.headSize ** -0.5);
  return {
    spec,
    context: createContext(config, spec.source),
    prompts,
    promptLengths,
    lengths: repeatSamples(spec, promptLengths),
    promptMask: maskPrompts(spec, promptLengths),
    tables,
    scaledTables: { cos: ops.mul(tables.cos, scale), sin: ops.mul(tables.sin, scale) },
  };
}

/** One token a row, x [N, heads · hd] at positions [N, 1] → [N · KV, R, hd]: with T = 1 no transpose is needed. */
export function newHeads(
  { spec: { config } }: Frame,
  x: Value,
  heads: number,
  turn: { positions: Value; tables: Tables } | null = null,
): Value {
  const { keyValueHeads, headSize } = config;
  const rows = x.shape[0] ?? 0;
  const token = ops.reshape(x, [rows, 1, heads * headSize]);
  const turned = turn === null ? token : ops.rotate(token, turn.positions, turn.tables, heads);
  return ops.reshape(turned, [rows * keyValueHeads, heads / keyValueHeads, headSize]);
}

/** [N · KV, R, hd] → [N, H · hd] */
export function joinHeads({ spec: { config } }: Frame, mixed: Value): Value {
  const rows = (mixed.shape[0] ?? 0) / config.keyValueHeads;
  return ops.reshape(mixed, [rows, config.heads * config.headSize]);
}

/** [B · KV, R, w] → [U · KV, S · R, w]: the samples of a prompt meet its keys in one product. */
function groupSamples({ spec, prompts }: Frame, x: Value): Value {
  if (spec.samples === 1) return x;
  const [, repeats = 0, width = 0] = x.shape;
  const heads = spec.config.keyValueHeads;
  const apart = ops.reshape(x, [prompts, spec.samples, heads, repeats, width]);
  const together = ops.transpose(apart, [0, 2, 1, 3, 4]);
  return ops.reshape(together, [prompts * heads, spec.samples * repeats, width]);
}

/** [U · KV, S · R, w] → [B · KV, R, w]: the way back. */
function partSamples({ spec, prompts }: Frame, x: Value): Value {
  if (spec.samples === 1) return x;
  const [, rows = 0, width = 0] = x.shape;
  const [heads, repeats] = [spec.config.keyValueHeads, rows / spec.samples];
  const together = ops.reshape(x, [prompts, heads, spec.samples, repeats, width]);
  const apart = ops.transpose(together, [0, 2, 1, 3, 4]);
  return ops.reshape(apart, [spec.rows * heads, repeats, width]);
}

/** What a decoding turn looks back at: keys and values of prompts [U · KV, P, hd] and of new tokens [B · KV, n, hd]. */
export interface Past {
  readonly positions: Value;
  readonly prompts: readonly LayerCache[];
  readonly grown: readonly LayerCache[];
}

/** One new token a row attends to its prompt and to the new tokens before it; their keys and values grow by one. */
export function createGrowingMixer(frame: Frame, past: Past, keep: (cache: LayerCache) => void): TokenMixer {
  const { config, promptLength } = frame.spec;
  const { positions } = past;
  return (projections, layer) => {
    const [prompt, before] = [past.prompts[layer], past.grown[layer]];
    if (prompt === undefined || before === undefined) throw new RangeError('a layer has no cache');
    const q = newHeads(frame, projections.q, config.heads, { positions, tables: frame.scaledTables });
    const key = newHeads(frame, projections.k, config.keyValueHeads, { positions, tables: frame.tables });
    const k = ops.concat([before.k, key], 1);
    const v = ops.concat([before.v, newHeads(frame, projections.v, config.keyValueHeads)], 1);
    keep({ k, v });
    const old = ops.add(ops.matmul(groupSamples(frame, q), prompt.k, { transB: true }), frame.promptMask);
    const scores = [partSamples(frame, old), ops.matmul(q, k, { transB: true })];
    const weights = ops.softmax(ops.concat(scores, 2));
    const toPrompt = groupSamples(frame, ops.slice(weights, 2, 0, promptLength));
    const fromPrompt = partSamples(frame, ops.matmul(toPrompt, prompt.v));
    const fromNew = ops.matmul(ops.slice(weights, 2, promptLength, growing), v);
    return joinHeads(frame, ops.add(fromPrompt, fromNew));
  };
}
