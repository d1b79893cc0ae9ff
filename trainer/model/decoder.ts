import { ops, type Value } from '../graph';
import type { LinearModule, ModelConfig } from '../engine/types';
import { embeddingName, finalNormName, headName, layerName, moduleName } from './parameters';
import { fusedOps, type LoraWeights, type DecoderOps } from './decoder-ops';

/** The weights of a model in a graph: constants, or inputs that are trained. */
export interface WeightSource {
  readonly weight: (name: string) => Value;
  /**
   * The adapter of a module, e.g. "model.layers.0.self_attn.q_proj", for inputs of `tokens` rows. null: none.
   */
  readonly adapter: (
    module: string,
    tokens: number,
  ) => { readonly weights: LoraWeights; readonly scale: number } | null;
}

export interface DecoderContext {
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly decoderOps: DecoderOps;
}

/** Projections of one layer: q [N, H · hd], k and v [N, KV · hd]. */
export interface Projections {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** The attention of a layer → [N, H · hd]. Training, prefill and decoding differ only in this. */
export type Attention = (projections: Projections, layer: number) => Value;

export function createContext(
  config: ModelConfig,
  source: WeightSource,
  decoderOps: DecoderOps = fusedOps,
): DecoderContext {
  return { config, source, decoderOps };
}

function linear(context: DecoderContext, x: Value, layer: number, module: LinearModule): Value {
  const { config, source, decoderOps } = context;
  const name = moduleName(layer, module);
  const weight = source.weight(`${name}.weight`);
  const adapter = source.adapter(name, x.shape[0] ?? 0);
  const y =
    adapter === null
      ? ops.matmul(x, weight, { transB: true })
      : decoderOps.lora(x, weight, adapter.weights, adapter.scale);
  const biased = config.qkvBias && (module === 'q_proj' || module === 'k_proj' || module === 'v_proj');
  return biased ? ops.add(y, source.weight(`${name}.bias`)) : y;
}

function feedForward(context: DecoderContext, x: Value, layer: number): Value {
  const gate = linear(context, x, layer, 'gate_proj');
  const up = linear(context, x, layer, 'up_proj');
  return linear(context, context.decoderOps.swiglu(gate, up), layer, 'down_proj');
}

/**
 * One layer on a residual stream x [N, D]. `select` chooses the rows with queries; the result has only these rows. Keys
 * and values come from all of x. Default: all rows.
 */
export function decoderLayer(
  context: DecoderContext,
  x: Value,
  layer: number,
  { attend, select = (value) => value }: { attend: Attention; select?: (value: Value) => Value },
): Value {
  const { source, decoderOps, config } = context;
  const norm = (value: Value, part: string): Value =>
    decoderOps.rmsNorm(value, source.weight(layerName(layer, `${part}.weight`)), config.rmsNormEpsilon);
  const normed = norm(x, 'input_layernorm');
  const projections = {
    q: linear(context, select(normed), layer, 'q_proj'),
    k: linear(context, normed, layer, 'k_proj'),
    v: linear(context, normed, layer, 'v_proj'),
  };
  const attended = ops.add(select(x), linear(context, attend(projections, layer), layer, 'o_proj'));
  return ops.add(attended, feedForward(context, norm(attended, 'post_attention_layernorm'), layer));
}

/** Token ids [N] → residual stream [N, D]. */
export function embed({ source }: DecoderContext, ids: Value): Value {
  return ops.gatherRows(source.weight(embeddingName), ids);
}

/** Residual stream [N, D] → inputs of the head [N, D]. */
export const finalNorm = ({ config, source, decoderOps }: DecoderContext, x: Value): Value =>
  decoderOps.rmsNorm(x, source.weight(finalNormName), config.rmsNormEpsilon);

/** The weights of the head [V, D]. */
export const headOf = ({ config, source }: DecoderContext): Value =>
  source.weight(config.tiedEmbeddings ? embeddingName : headName);

/** Residual stream [N, D] → logits [N, V]. */
export const logitsOf = (context: DecoderContext, x: Value): Value =>
  ops.matmul(finalNorm(context, x), headOf(context), { transB: true });

/** Added to the score of a key that a query must not attend to. Finite, so that no row becomes NaN. */
export const masked = -1e9;

/** The KV cache of a layer: [B, KV, T, hd] each. */
export interface LayerCache {
  readonly k: Value;
  readonly v: Value;
}
