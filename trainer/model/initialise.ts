import { sizeOf } from '../graph';
import type { LoraConfig } from '../settings';
import type { ModelConfig, ParameterSpec } from '../families/define';
import type { Tensor } from '../tensor';
import { loraParameters } from './parameters';
import { createNormals, createUniforms, hashName } from './random';

function fill({ dims }: ParameterSpec, draw: () => number): Tensor {
  return { dims, data: Float32Array.from({ length: sizeOf(dims) }, draw) };
}

function freshWeight(spec: ParameterSpec, config: ModelConfig, seed: number): Tensor {
  const fresh = config.family.initialise(spec, config);
  if ('value' in fresh) return fill(spec, () => fresh.value);
  const normal = createNormals(hashName(seed, spec.name));
  return fill(spec, () => normal() * fresh.deviation);
}

/** Fresh weights as the family initialises them. Each tensor has its own random stream. */
export function initWeights(config: ModelConfig, seed: number): Map<string, Tensor> {
  const specs = config.family.parameters(config);
  return new Map(specs.map((spec) => [spec.name, freshWeight(spec, config, seed)]));
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
