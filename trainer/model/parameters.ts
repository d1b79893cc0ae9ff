import { BudgetlineError } from '../../core/failures';
import type { LoraConfig } from '../settings';
import type { LinearModule, ModelConfig, ParameterSpec } from '../families/define';

/** The factor of B · A: alpha / rank, or with rsLoRA alpha / √rank (Kalajdzievski, arXiv 2312.03732). */
export const loraScale = ({ alpha, rank, useRslora = false }: LoraConfig): number =>
  alpha / (useRslora ? Math.sqrt(rank) : rank);

/** The names of a module's adapter tensors. */
export function loraNames(module: string): { readonly a: string; readonly b: string } {
  return { a: `${module}.lora_A`, b: `${module}.lora_B` };
}

/** @throws CONFIG_INVALID for a target that the model's family does not have */
function targetsOf({ family }: ModelConfig, { targetModules }: LoraConfig): readonly LinearModule[] {
  const names = family.linearModules.map(({ name }) => name);
  const unknown = targetModules.find((target) => !names.includes(target));
  if (unknown === undefined) return family.linearModules.filter(({ name }) => targetModules.includes(name));
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `Field "lora.targetModules": ${family.title} models have no linear layer "${unknown}"; they have ${names.join(', ')}.`,
    {
      remedy: 'Set targetModules to linear layers of the model.',
      details: { field: 'lora.targetModules', module: unknown, modules: names },
    },
  );
}

/** Every tensor of an adapter, in a fixed order: A [rank, in] and B [out, rank] of each target. */
export function loraParameters(config: ModelConfig, lora: LoraConfig): readonly ParameterSpec[] {
  const targets = targetsOf(config, lora);
  return Array.from({ length: config.layers }, (_, layer) =>
    targets.flatMap((module) => {
      const [out, width] = module.dims(config);
      const { a, b } = loraNames(config.family.modulePath(layer, module.place));
      return [
        { name: a, dims: [lora.rank, width], decayed: true },
        { name: b, dims: [out, lora.rank], decayed: true },
      ];
    }),
  ).flat();
}
