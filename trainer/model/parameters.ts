import { linearModules } from '../../contracts/linear-modules';
import type { LinearModule, LoraConfig, ModelConfig } from '../engine/types';

/** A parameter tensor: its Hugging Face name and shape. */
export interface ParameterSpec {
  readonly name: string;
  readonly dims: readonly number[];
  /** Whether weight decay applies: to matrices, not to norm weights and biases. */
  readonly decayed: boolean;
}

export const embeddingName = 'model.embed_tokens.weight';
export const headName = 'lm_head.weight';
export const finalNormName = 'model.norm.weight';

const attentionModules: ReadonlySet<LinearModule> = new Set(['q_proj', 'k_proj', 'v_proj', 'o_proj']);
const biasedModules: ReadonlySet<LinearModule> = new Set(['q_proj', 'k_proj', 'v_proj']);

export function layerName(layer: number, part: string): string {
  return `model.layers.${String(layer)}.${part}`;
}

/** "model.layers.0.self_attn.q_proj" */
export function moduleName(layer: number, module: LinearModule): string {
  return layerName(layer, `${attentionModules.has(module) ? 'self_attn' : 'mlp'}.${module}`);
}

/** [out, in] of a linear module. */
export function linearDims(config: ModelConfig, module: LinearModule): readonly [number, number] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = config;
  const dims: Record<LinearModule, readonly [number, number]> = {
    q_proj: [heads * headSize, hiddenSize],
    k_proj: [keyValueHeads * headSize, hiddenSize],
    v_proj: [keyValueHeads * headSize, hiddenSize],
    o_proj: [hiddenSize, heads * headSize],
    gate_proj: [intermediateSize, hiddenSize],
    up_proj: [intermediateSize, hiddenSize],
    down_proj: [hiddenSize, intermediateSize],
  };
  return dims[module];
}

function linearParameters(config: ModelConfig, layer: number, module: LinearModule): ParameterSpec[] {
  const dims = linearDims(config, module);
  const name = moduleName(layer, module);
  const weight = { name: `${name}.weight`, dims, decayed: true };
  const biased = config.qkvBias && biasedModules.has(module);
  return biased ? [weight, { name: `${name}.bias`, dims: [dims[0]], decayed: false }] : [weight];
}

function norm(config: ModelConfig, name: string): ParameterSpec {
  return { name, dims: [config.hiddenSize], decayed: false };
}

function layerParameters(config: ModelConfig, layer: number): ParameterSpec[] {
  return [
    norm(config, layerName(layer, 'input_layernorm.weight')),
    ...linearModules.flatMap((module) => linearParameters(config, layer, module)),
    norm(config, layerName(layer, 'post_attention_layernorm.weight')),
  ];
}

/** Every weight of a model, in a fixed order. */
export function modelParameters(config: ModelConfig): readonly ParameterSpec[] {
  const table = [config.vocabSize, config.hiddenSize];
  const layers = Array.from({ length: config.layers }, (_, layer) => layerParameters(config, layer));
  return [
    { name: embeddingName, dims: table, decayed: true },
    ...layers.flat(),
    norm(config, finalNormName),
    ...(config.tiedEmbeddings ? [] : [{ name: headName, dims: table, decayed: true }]),
  ];
}

/** The factor of B · A: alpha / rank, or with rsLoRA alpha / √rank (Kalajdzievski, arXiv 2312.03732). */
export const loraScale = ({ alpha, rank, useRslora = false }: LoraConfig): number =>
  alpha / (useRslora ? Math.sqrt(rank) : rank);

/** The names of a module's adapter tensors. */
export function loraNames(module: string): { readonly a: string; readonly b: string } {
  return { a: `${module}.lora_A`, b: `${module}.lora_B` };
}

/** Every tensor of an adapter, in a fixed order: A [rank, in] and B [out, rank] of each target. */
export function loraParameters(config: ModelConfig, lora: LoraConfig): readonly ParameterSpec[] {
  const targets = linearModules.filter((module) => lora.targetModules.includes(module));
  return Array.from({ length: config.layers }, (_, layer) =>
    targets.flatMap((module) => {
      const [out, width] = linearDims(config, module);
      const { a, b } = loraNames(moduleName(layer, module));
      return [
        { name: a, dims: [lora.rank, width], decayed: true },
        { name: b, dims: [out, lora.rank], decayed: true },
      ];
    }),
  ).flat();
}
