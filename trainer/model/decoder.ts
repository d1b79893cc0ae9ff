import { ops, type Value } from '../graph';
import type { LinearModule, ModelConfig } from '../engine/types';
import { embeddingName, finalNormName, headName, layerName, moduleName } from './parameters';
import { fusedPieces, type LoraWeights, type Pieces } from './pieces';

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

/** Keys and values that a layer leaves behind: [B, KV, T, hd] each. */
export interface LayerCache {
  readonly k: Value;
  readonly v: Value;
}
