import { ops, type Value } from '../../graph';
import type { Attention, DecoderContext, ModelConfig } from '../define';
import { moduleOf } from './names';

/** A linear module of a layer on x [N, in], with its adapter and bias → [N, out]. */
export function linear(context: DecoderContext, x: Value, layer: number, name: string): Value {
  const { config, source, decoderOps } = context;
  const { place, hasBias } = moduleOf(config, name);
  const path = config.family.modulePath(layer, place);
  const weight = source.weight(`${path}.weight`);
  const adapter = source.adapter(path, x.shape[0] ?? 0);
  const y =
    adapter === null
      ? ops.matmul(x, weight, { transB: true })
      : decoderOps.lora(x, weight, adapter.weights, adapter.scale);
  return hasBias ? ops.add(y, source.weight(`${path}.bias`)) : y;
}

/** x [N, D] ∘ the weight of this name / rms(x) */
export function rmsNorm(
  { config, source, decoderOps }: DecoderContext<ModelConfig & { readonly rmsNormEpsilon: number }>,
  x: Value,
  name: string,
): Value {
  return decoderOps.rmsNorm(x, source.weight(name), config.rmsNormEpsilon);
}

/** Attention with the modules q_proj, k_proj, v_proj and o_proj on x [N, D], already normed. */
export function selfAttention(
  context: DecoderContext,
  x: Value,
  layer: number,
  { attend, select }: { attend: Attention; select: (value: Value) => Value },
): Value {
  const projections = {
    q: linear(context, select(x), layer, 'q_proj'),
    k: linear(context, x, layer, 'k_proj'),
    v: linear(context, x, layer, 'v_proj'),
  };
  return linear(context, attend(projections, layer), layer, 'o_proj');
}

/** The feed-forward part with SwiGLU, and the modules gate_proj, up_proj and down_proj. */
export function swigluFeedForward(context: DecoderContext, x: Value, layer: number): Value {
  const gate = linear(context, x, layer, 'gate_proj');
  const up = linear(context, x, layer, 'up_proj');
  return linear(context, context.decoderOps.swiglu(gate, up), layer, 'down_proj');
}
