import { growing, ops, type TensorType, type Value } from '../graph';
import type { ModelConfig } from '../engine/types';
import {
  createContext,
  createSequenceMixer,
  decoderLayer,
  embed,
  masked,
  readOut,
  rotaryTables,
  splitHeads,
  type DecoderContext,
  type LayerCache,
  type TokenMixer,
  type WeightSource,
} from './decoder';

/** Shape and rule of generation. */
export interface GenerationSpec {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly rows: number;
  readonly promptLength: number;
  readonly maxNewTokens: number;
  readonly endOfSequence: number;
  /** null: greedy. */
  readonly temperature: number | null;
}

/** Two logits this close are told to the caller: other hardware may order them otherwise. */
const nearTie = 1e-4;

interface Frame {
  readonly spec: GenerationSpec;
  readonly context: DecoderContext;
  readonly groups: number;
  readonly repeats: number;
  /** Prompt tokens of each row: i64 [B]. */
  readonly lengths: Value;
  /** 0 where a prompt's token stands, else `masked`: [B · KV, 1, P]. */
  readonly promptMask: Value;
  readonly tables: Tables;
  /** The tables times 1 / √hd: a decoding query is turned and scaled at once, and its product with one key needs no factor. */
  readonly scaledTables: Tables;
}

interface Tables {
  readonly cos: Value;
  readonly sin: Value;
}

function createFrame(spec: GenerationSpec): Frame {
  const { config, rows, promptLength } = spec;
  const lengths = ops.cast(ops.input('lengths', 'i32', [rows]), 'i64');
  const columns = ops.integers([...Array(promptLength).keys()], [1, 1, promptLength]);
  const last = ops.sub(ops.reshape(lengths, [rows, 1, 1]), ops.integers([1]));
  const mask = ops.where(ops.lessOrEqual(columns, last), ops.scalar(0), ops.scalar(masked));
  const groups = rows * config.keyValueHeads;
  const tables = rotaryTables(config, promptLength + spec.maxNewTokens);
  const scale = ops.scalar(config.headSize ** -0.5);
  const perHead = ops.broadcastTo(mask, [rows, config.keyValueHeads, promptLength]);
  return {
    spec,
    context: createContext(config, spec.source),
    groups,
    repeats: config.heads / config.keyValueHeads,
    lengths,
    promptMask: ops.reshape(perHead, [groups, 1, promptLength]),
    tables,
    scaledTables: { cos: ops.mul(tables.cos, scale), sin: ops.mul(tables.sin, scale) },
  };
}

/** One new token a row, x [B, heads · hd] at positions [B, 1] → [B · KV, R, hd]: with T = 1 no transpose is needed. */
function newHeads(
  frame: Frame,
  x: Value,
  heads: number,
  turn: { positions: Value; tables: Tables } | null = null,
): Value {
  const { rows, config } = frame.spec;
  const token = ops.reshape(x, [rows, 1, heads * config.headSize]);
  const turned = turn === null ? token : ops.rotate(token, turn.positions, turn.tables, heads);
  return ops.reshape(turned, [frame.groups, heads / config.keyValueHeads, config.headSize]);
}

function joinHeads(frame: Frame, mixed: Value): Value {
  const { rows, config } = frame.spec;
  return ops.reshape(mixed, [rows, config.heads * config.headSize]);
}

/** The last prompt token of each row looks back at the prompt. */
function createLastTokenMixer(frame: Frame, keep: (cache: LayerCache) => void): TokenMixer {
  const { rows, promptLength: length, config } = frame.spec;
  const heads = config.keyValueHeads;
  const rotary = { ...frame.tables, positions: ops.integers([0]) };
  const positions = ops.reshape(ops.sub(frame.lengths, ops.integers([1])), [rows, 1]);
  return ({ q, k, v }) => {
    const cache = flattenCache(frame, {
      k: splitHeads(frame.context, k, { rows, length, heads, rotary }),
      v: splitHeads(frame.context, v, { rows, length, heads, rotary: null }),
    });
    keep(cache);
    const queries = newHeads(frame, q, config.heads, { positions, tables: frame.scaledTables });
    return joinHeads(frame, ops.attention({ q: queries, ...cache, mask: frame.promptMask }, 1));
  };
}

/** [B, KV, P, hd] → [B · KV, P, hd] */
function flattenCache({ groups, spec }: Frame, { k, v }: LayerCache): LayerCache {
  const shape = [groups, spec.promptLength, spec.config.headSize];
  return { k: ops.reshape(k, shape), v: ops.reshape(v, shape) };
}

/** Runs the prompts at once: logits of the next token [B, V] and every layer's keys and values. */
function prefill(frame: Frame): { logits: Value; caches: readonly LayerCache[] } {
  const { spec, context } = frame;
  const { rows, promptLength: length, config } = spec;
  const caches: LayerCache[] = [];
  const mix = createSequenceMixer(
    context,
    { rows, length },
    { keep: (cache) => caches.push(flattenCache(frame, cache)) },
  );
  const starts = ops.integers(Array.from({ length: rows }, (_, row) => row * length - 1));
  const lastRows = ops.add(frame.lengths, starts);
  let x = embed(context, ops.cast(ops.input('ids', 'i32', [rows * length]), 'i64'));
  for (let layer = 0; layer < config.layers - 1; layer += 1) x = decoderLayer(context, x, layer, { mix });
  x = decoderLayer(context, x, config.layers - 1, {
    mix: createLastTokenMixer(frame, (cache) => caches.push(cache)),
    select: (value) => ops.gatherRows(value, lastRows),
  });
  return { logits: readOut(context, x), caches };
}

/** One new token a row attends to its prompt and to the new tokens before it; the new keys and values grow by one. */
function createGrowingMixer(
  frame: Frame,
  options: { positions: Value; prompts: readonly LayerCache[]; grown: readonly LayerCache[] },
  keep: (cache: LayerCache) => void,
): TokenMixer {
  const { config, promptLength } = frame.spec;
  const { positions } = options;
  return (projections, layer) => {
    const [prompt, before] = [options.prompts[layer], options.grown[layer]];
    if (prompt === undefined || before === undefined) throw new RangeError('a layer has no cache');
    const q = newHeads(frame, projections.q, config.heads, { positions, tables: frame.scaledTables });
    const k = ops.concat(
      [before.k, newHeads(frame, projections.k, config.keyValueHeads, { positions, tables: frame.tables })],
      1,
    );
    const v = ops.concat([before.v, newHeads(frame, projections.v, config.keyValueHeads)], 1);
    keep({ k, v });
    const old = ops.add(ops.matmul(q, prompt.k, { transB: true }), frame.promptMask);
    const weights = ops.softmax(ops.concat([old, ops.matmul(q, k, { transB: true })], 2));
    const fromPrompt = ops.matmul(ops.slice(weights, 2, 0, promptLength), prompt.v);
    return joinHeads(frame, ops.add(fromPrompt, ops.matmul(ops.slice(weights, 2, promptLength, growing), v)));
  };
}

/** Logits [B, V] → the next tokens (i64 [B]) and, when greedy, how many logits lie near the best one ([B, 1]). */
function pick(frame: Frame, logits: Value, position: Value): { token: Value; near: Value } {
  const { temperature, config, rows, maxNewTokens } = frame.spec;
  if (temperature === null) {
    const threshold = ops.sub(ops.reduceMax(logits, 1), ops.scalar(nearTie));
    const near = ops.cast(ops.lessOrEqual(threshold, logits), 'f32');
    return { token: ops.argMax(logits, 1), near: ops.reduceSum(near, [1], true) };
  }
  // Inverse CDF: the number of tokens whose cumulative probability is not above u times the total.
  const cdf = ops.cumulativeSum(ops.softmax(ops.mul(logits, ops.scalar(1 / temperature))), 1);
  const uniforms = ops.gatherRows(ops.input('uniforms', 'f32', [maxNewTokens, rows]), position);
  const total = ops.slice(cdf, 1, config.vocabSize - 1, config.vocabSize);
  const below = ops.lessOrEqual(cdf, ops.mul(ops.reshape(uniforms, [rows, 1]), total));
  const count = ops.minimum(ops.reduceSum(ops.cast(below, 'f32'), [1]), ops.scalar(config.vocabSize - 1));
  return { token: ops.cast(count, 'i64'), near: ops.broadcastTo(ops.scalar(1), [rows, 1]) };
}

/** 1 for rows that have not ended, else 0. */
function stillRunning(frame: Frame, running: Value, token: Value): Value {
  const end = ops.integers([frame.spec.endOfSequence]);
  return ops.mul(running, ops.cast(ops.not(ops.equal(token, end)), 'f32'));
}

function f32(...shape: number[]): TensorType {
  return { dtype: 'f32', shape };
}

/** No keys or values yet: [B · KV, 0, hd] made from a slice, since a constant may not be empty. */
function emptyCache(frame: Frame, { k }: LayerCache): LayerCache {
  const empty = ops.slice(k, 1, 0, 0);
  return { k: empty, v: empty };
}

/**
 * Prompts in, new tokens out, in one graph: prefill, then a Loop that ends when every row has ended.
 * Inputs ids (i32 [B · P], right-padded), lengths (i32 [B]), running (f32 [B], 0 for empty rows), uniforms
 * (f32 [maxNewTokens, B], when sampling). Outputs tokens (i64 [B, n]) and near (f32 [B, n]).
 */
export function buildGeneration(spec: GenerationSpec): { readonly tokens: Value; readonly near: Value } {
  const frame = createFrame(spec);
  const { rows, maxNewTokens, config } = spec;
  const { logits, caches } = prefill(frame);
  const first = pick(frame, logits, ops.integers([0], []));
  const running = stillRunning(frame, ops.input('running', 'f32', [rows]), first.token);
  const column = ops.reshape(first.token, [rows, 1]);
  const empties = caches.map((cache) => emptyCache(frame, cache)).flatMap(({ k, v }) => [k, v]);
  const cacheType = f32(frame.groups, growing, config.headSize);
  const types: TensorType[] = [
    { dtype: 'i64', shape: [rows] },
    f32(rows),
    { dtype: 'i64', shape: [rows, growing] },
    f32(rows, growing),
    ...empties.map(() => cacheType),
  ];
  const initial = [first.token, running, column, first.near, ...empties];
  const results = ops.loop(maxNewTokens - 1, initial, types, (turn, carried) =>
    decodeTurn(frame, caches, turn, carried),
  );
  const [, , tokens, near] = results;
  if (tokens === undefined || near === undefined) throw new RangeError('the loop carries tokens');
  return { tokens, near };
}

function decodeTurn(
  frame: Frame,
  prompts: readonly LayerCache[],
  turn: Value,
  carried: readonly Value[],
): { goOn: Value; carried: readonly Value[] } {
  const [token, running, tokens, near, ...flat] = carried;
  if (!token || !running || !tokens || !near) throw new RangeError('the loop carries tokens');
  const { rows, config } = frame.spec;
  const grown = prompts.map((_, layer) => ({ k: flat[2 * layer] ?? token, v: flat[2 * layer + 1] ?? token }));
  const next: Value[] = [];
  const positions = ops.reshape(ops.add(frame.lengths, turn), [rows, 1]);
  const mix = createGrowingMixer(frame, { positions, prompts, grown }, ({ k, v }) => next.push(k, v));
  let x = embed(frame.context, token);
  for (let layer = 0; layer < config.layers; layer += 1) x = decoderLayer(frame.context, x, layer, { mix });
  const picked = pick(frame, readOut(frame.context, x), ops.add(turn, ops.integers([1], [])));
  const left = stillRunning(frame, running, picked.token);
  return {
    goOn: ops.lessOrEqual(ops.scalar(0.5), ops.sum(left)),
    carried: [
      picked.token,
      left,
      ops.concat([tokens, ops.reshape(picked.token, [rows, 1])], 1),
      ops.concat([near, picked.near], 1),
      ...next,
    ],
  };
}
