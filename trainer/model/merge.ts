import type { LoraConfig } from '../settings';
import type { Tensor, Weights } from '../tensor';
import { BudgetlineError } from '../../core/failures';
import { loraNames, loraScale } from './parameters';

/** W + scale · B · A for W [out, in], A [r, in], B [out, r], summed in f64. */
function addProduct(weight: Tensor, a: Tensor, b: Tensor, scale: number): Tensor {
  const [out = 0, width = 0] = weight.dims;
  const rank = a.dims[0] ?? 0;
  const data = new Float32Array(weight.data.length);
  const row = new Float64Array(width);
  for (let o = 0; o < out; o += 1) {
    row.fill(0);
    for (let r = 0; r < rank; r += 1) {
      const factor = b.data[o * rank + r] ?? 0;
      for (let i = 0; i < width; i += 1) row[i] = (row[i] ?? 0) + factor * (a.data[r * width + i] ?? 0);
    }
    for (let i = 0; i < width; i += 1)
      data[o * width + i] = (weight.data[o * width + i] ?? 0) + scale * (row[i] ?? 0);
  }
  return { dims: weight.dims, data };
}

function target(weights: Weights, name: string): Tensor {
  const weight = weights.get(`${name}.weight`);
  if (weight !== undefined) return weight;
  throw new BudgetlineError('CONFIG_INVALID', `The adapter changes ${name}, which the model does not have.`);
}

/** Merges an adapter into a model: W + scale · B · A. Tensors without an adapter are shared, not copied. */
export function mergeLora(weights: Weights, lora: LoraConfig, tensors: Weights): Map<string, Tensor> {
  const merged = new Map(weights);
  const suffix = loraNames('').a;
  for (const [name, a] of tensors) {
    if (!name.endsWith(suffix)) continue;
    const module = name.slice(0, -suffix.length);
    const b = tensors.get(loraNames(module).b);
    if (b === undefined)
      throw new BudgetlineError('CONFIG_INVALID', `The adapter has no ${loraNames(module).b}.`);
    merged.set(`${module}.weight`, addProduct(target(weights, module), a, b, loraScale(lora)));
  }
  return merged;
}
