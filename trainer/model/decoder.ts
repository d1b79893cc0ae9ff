import { ops, type Value } from '../graph';
import type { Attention, DecoderContext, ModelConfig, WeightSource } from '../families/define';
import { fusedOps, type DecoderOps } from '../families/decoder-ops';

export function createContext(
  config: ModelConfig,
  source: WeightSource,
  decoderOps: DecoderOps = fusedOps,
): DecoderContext {
  return { config, source, decoderOps };
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
  return context.config.family.decoder.layer(context, x, layer, { attend, select });
}

/** Token ids [N] at their positions [N, 1] → residual stream [N, D]. */
export const embed = (context: DecoderContext, ids: Value, positions: Value): Value =>
  context.config.family.decoder.embed(context, { ids, positions });

/** Residual stream [N, D] → inputs of the head [N, D]. */
export const finalNorm = (context: DecoderContext, x: Value): Value =>
  context.config.family.decoder.finalNorm(context, x);

/** The weights of the head [V, D]. */
export const headOf = (context: DecoderContext): Value => context.config.family.decoder.head(context);

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
