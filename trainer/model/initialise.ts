import { sizeOf } from '../graph';
import type { LoraConfig, ModelConfig, Tensor } from '../engine/types';
import { loraParameters, modelParameters, type ParameterSpec } from './parameters';
import { createNormals, createUniforms, hashName } from './random';

/** Standard deviation of fresh weights. */
const initializerRange = 0.02;

function fill({ dims }: ParameterSpec, draw: () => number): Tensor {
  return { dims, data: Float32Array.from({ length: sizeOf(dims) }, draw) };
}

/** The projections into the residual stream, two in each layer. */
function isOutputProjection(name: string): boolean {
  return name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
}

function freshWeight(spec: ParameterSpec, config: ModelConfig, seed: number): Tensor {
  if (spec.name.endsWith('norm.weight')) return fill(spec, () => 1);
  if (spec.name.endsWith('.bias')) return fill(spec, () => 0);
  const scale = isOutputProjection(spec.name)
    ? initializerRange / Math.sqrt(2 * config.layers)
    : initializerRange;
  const normal = createNormals(hashName(seed, spec.name));
  return fill(spec, () => normal() * scale);
}

/** Fresh weights: normal with standard deviation 0.02, output projections scaled by depth, norms 1, biases 0. */
export function initWeights(config: ModelConfig, seed: number): Map<string, Tensor> {
  return new Map(modelParameters(config).map((spec) => [spec.name, freshWeight(spec, config, seed)]));
}

/** A fresh adapter: A uniform in ±1/√in (Kaiming with a = √5), B zero. Each tensor has its own random stream. */
export function initLora(config: ModelConfig, lora: LoraConfig, seed: number): Map<string, Tensor> {
  return new Map(
    loraParameters(config, lora).map((spec) => {
      if (spec.name.endsWith('.lora_B')) return [spec.name, fill(spec, () => 0)];
      const uniform = createUniforms(hashName(seed, spec.name));
      const bound = 1 / Math.sqrt(spec.dims[1] ?? 1);
      return [spec.name, fill(spec, () => (2 * uniform() - 1) * bound)];
    }),
  );
}
