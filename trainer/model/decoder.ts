import { ops, type Value } from '../graph';
import type { LinearModule, ModelConfig } from '../engine/types';
import { embeddingName, finalNormName, headName, layerName, moduleName } from './parameters';
import { fusedPieces, type LoraWeights, type Pieces, type Rotary } from './pieces';
import { rotaryTables } from './rotary';

/** Where a graph finds the weights of a model: constants, or inputs that are trained. */
export interface WeightSource {
  readonly weight: (name: string) => Value;
  /** The adapter of a module, e.g. of "model.layers.0.self_attn.q_proj", for a number of tokens; null where it has none. */
  readonly adapter: (
    module: string,
    tokens: number,
  ) => { readonly weights: LoraWeights; readonly scale: number } | null;
}

export interface DecoderContext {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly pieces: Pieces;
}

/** Projections of one layer: q [N, H · hd], k and v [N, KV · hd]. */
export interface Projections {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Mixes the tokens of a layer: → [N, H · hd]. Training, prefill and decoding differ in this alone. */
export type TokenMixer = (projections: Projections, layer: number) => Value;

export function createContext(
  config: ModelConfig,
  source: WeightSource,
  pieces: Pieces = fusedPieces,
): DecoderContext {
  return { config, source, pieces };
}

function linear(context: DecoderContext, x: Value, layer: number, module: LinearModule): Value {
  const { config, source, pieces } = context;
  const name = moduleName(layer, module);
  const weight = source.weight(`${name}.weight`);
  const adapter = source.adapter(name, x.shape[0] ?? 0);
  const y =
    adapter === null
      ? ops.matmul(x, weight, { transB: true })
      : pieces.adapt(x, weight, adapter.weights, adapter.scale);
  const biased = config.qkvBias && (module === 'q_proj' || module === 'k_proj' || module === 'v_proj');
  return biased ? ops.add(y, source.weight(`${name}.bias`)) : y;
}

function feedForward(context: DecoderContext, x: Value, layer: number): Value {
  const gate = linear(context, x, layer, 'gate_proj');
  const up = linear(context, x, layer, 'up_proj');
  return linear(context, context.pieces.gate(gate, up), layer, 'down_proj');
}

/**
 * One layer on a residual stream x [N, D]. Where `select` picks rows, keys and values come from all of x, and the
 * layer's result is that of the picked rows alone.
 */
export function decoderLayer(
  context: DecoderContext,
  x: Value,
  layer: number,
  { mix, select = (value) => value }: { mix: TokenMixer; select?: (value: Value) => Value },
): Value {
  const { source, pieces, config } = context;
  const norm = (value: Value, part: string): Value =>
    pieces.norm(value, source.weight(layerName(layer, `${part}.weight`)), config.rmsNormEpsilon);
  const normed = norm(x, 'input_layernorm');
  const projections = {
    q: linear(context, select(normed), layer, 'q_proj'),
    k: linear(context, normed, layer, 'k_proj'),
    v: linear(context, normed, layer, 'v_proj'),
  };
  const mixed = ops.add(select(x), linear(context, mix(projections, layer), layer, 'o_proj'));
  return ops.add(mixed, feedForward(context, norm(mixed, 'post_attention_layernorm'), layer));
}

/** Token ids [N] → residual stream [N, D]. */
export function embed({ source }: DecoderContext, ids: Value): Value {
  return ops.gatherRows(source.weight(embeddingName), ids);
}

/** Residual stream [N, D] → what the head reads: [N, D]. */
export const finalNorm = ({ config, source, pieces }: DecoderContext, x: Value): Value =>
  pieces.norm(x, source.weight(finalNormName), config.rmsNormEpsilon);

/** The head [V, D]: logits are its products with what it reads. */
export const headOf = ({ config, source }: DecoderContext): Value =>
  source.weight(config.tiedEmbeddings ? embeddingName : headName);

/** Residual stream [N, D] → logits [N, V]. */
export const readOut = (context: DecoderContext, x: Value): Value =>
  ops.matmul(finalNorm(context, x), headOf(context), { transB: true });

/** Added to a score whose key stands after its query. Finite, so that no row can become NaN. */
export const masked = -1e9;

function causalMask(length: number): Value {
  const data = Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? masked : 0,
  );
  return ops.constant(data, [1, 1, length, length]);
}

export interface SequenceShape {
  readonly rows: number;
  readonly length: number;
}

/** [B · T, heads · hd] → [B, heads, T, hd], turned by position where a rotary is given. */
export function splitHeads(
  context: DecoderContext,
  x: Value,
  options: SequenceShape & { readonly heads: number; readonly rotary: Rotary | null },
): Value {
  const { rows, length, heads, rotary } = options;
  const size = context.config.headSize;
  const tokens = ops.reshape(x, [rows, length, heads * size]);
  const turned = rotary === null ? tokens : context.pieces.rotate(tokens, rotary, heads);
  return ops.transpose(ops.reshape(turned, [rows, length, heads, size]), [0, 2, 1, 3]);
}

/** Keys and values that a layer leaves behind: [B, KV, T, hd] each. */
export interface LayerCache {
  readonly k: Value;
  readonly v: Value;
}

/** Attention over whole rows. `keep` is told every layer's keys and values. */
export function createSequenceMixer(
  context: DecoderContext,
  shape: SequenceShape,
  { keep }: { keep?: (cache: LayerCache) => void } = {},
): TokenMixer {
  const { heads, keyValueHeads, headSize } = context.config;
  const { rows, length } = shape;
  const repeats = heads / keyValueHeads;
  const rotary = { ...rotaryTables(context.config, length), positions: ops.integers([0]) };
  const mask = ops.concat(Array<Value>(repeats).fill(causalMask(length)), 2);
  return ({ q, k, v }) => {
    const cache = {
      k: splitHeads(context, k, { ...shape, heads: keyValueHeads, rotary }),
      v: splitHeads(context, v, { ...shape, heads: keyValueHeads, rotary: null }),
    };
    keep?.(cache);
    // [B, KV · R, T, hd] → [B, KV, R · T, hd]: no copy of keys and values for the heads that share them
    const queries = splitHeads(context, q, { ...shape, heads, rotary });
    const grouped = ops.reshape(queries, [rows, keyValueHeads, repeats * length, headSize]);
    const mixed = context.pieces.attend({ q: grouped, ...cache, mask }, headSize ** -0.5);
    const perHead = ops.reshape(mixed, [rows, heads, length, headSize]);
    return ops.reshape(ops.transpose(perHead, [0, 2, 1, 3]), [rows * length, heads * headSize]);
  };
}

/** Token ids [B · T] → logits [B · T, V]. */
export function decodeSequences(context: DecoderContext, ids: Value, shape: SequenceShape): Value {
  const mix = createSequenceMixer(context, shape);
  let x = embed(context, ids);
  for (let layer = 0; layer < context.config.layers; layer += 1) x = decoderLayer(context, x, layer, { mix });
  return readOut(context, x);
}
