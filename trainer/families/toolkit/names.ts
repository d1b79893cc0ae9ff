import type { LinearModule, ModelConfig, ParameterSpec } from '../define';

/** Names of the parameters in Hugging Face's Llama, which most newer families share. */
export const embeddingName = 'model.embed_tokens.weight';
export const headName = 'lm_head.weight';
export const finalNormName = 'model.norm.weight';

/** "model.layers.0.self_attn.q_proj" */
export function layerName(layer: number, part: string): string {
  return `model.layers.${String(layer)}.${part}`;
}

/** The weight of a norm over the residual stream. */
export const normParameter = ({ hiddenSize }: ModelConfig, name: string): ParameterSpec => ({
  name,
  dims: [hiddenSize],
  decayed: false,
});

/** The weight of a linear module in a layer, and its bias if it has one. */
export function linearParameters<Config extends ModelConfig>(
  config: Config,
  layer: number,
  module: LinearModule<Config>,
): ParameterSpec[] {
  const dims = module.dims(config);
  const path = config.family.modulePath(layer, module.place);
  const weight = { name: `${path}.weight`, dims, decayed: true };
  return module.hasBias ? [weight, { name: `${path}.bias`, dims: [dims[0]], decayed: false }] : [weight];
}

/** The linear module of this name. */
export function moduleOf({ family }: ModelConfig, name: string): LinearModule {
  const found = family.linearModules.find((module) => module.name === name);
  if (found === undefined) throw new RangeError(`${family.title} has no linear module ${name}`);
  return found;
}
