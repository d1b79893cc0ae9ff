import assert from 'node:assert/strict';
import { differentiate, ops, sizeOf, type Value } from '../../../trainer/graph';
import type { BufferTensor } from '../../../trainer/runtime';
import { noise } from './oracle-model';
import { dot, inputOf, openGraph } from './run-graph';

/** A function of differentiable inputs. */
export interface GradientCase {
  readonly inputs: readonly BufferTensor[];
  readonly build: (inputs: readonly Value[]) => Value;
}

/** Step of the differences: truncation falls with its fourth power, the rounding of f32 grows with its inverse. */
const step = 0.02;

const tolerance = 5e-4;

function moved({ dims, data }: BufferTensor, direction: Float32Array, by: number): BufferTensor {
  return { dims, data: direction.map((d, i) => Number(data[i]) + by * d) };
}

/**
 * Compares reverse mode with a fourth-order central difference: the slope of Σ probe ∘ f along one random direction
 * through all inputs at once, summed in f64.
 */
export async function checkGradient({ inputs, build }: GradientCase): Promise<void> {
  const leaves = inputs.map((input, index) => inputOf(`x${index}`, input));
  const y = build(leaves);
  const probe = noise(sizeOf(y.shape), 77, 1);
  const loss = ops.sum(ops.mul(y, ops.constant(probe, y.shape)));
  const gradients = differentiate(loss, leaves).map((gradient, index) => [`g${index}`, gradient] as const);
  const graph = await openGraph({ y, ...Object.fromEntries(gradients) });
  const directions = inputs.map(({ data }, index) => noise(data.length, 500 + index, 1));
  const at = async (by: number) => {
    const feeds = inputs.map((input, index) => [`x${index}`, moved(input, directions[index]!, by)] as const);
    const results = await graph.run(Object.fromEntries(feeds));
    return { value: dot(results.get('y')!, probe), results };
  };
  const value = async (by: number) => (await at(by)).value;
  const near = (await value(step)) - (await value(-step));
  const far = (await value(2 * step)) - (await value(-2 * step));
  const expected = (8 * near - far) / (12 * step);
  const { results } = await at(0);
  const parts = directions.map((direction, index) => dot(results.get(`g${index}`)!, direction));
  const actual = parts.reduce((sum, part) => sum + part, 0);
  const scale = Math.max(
    ...directions.map((direction, index) => lengthOf(results.get(`g${index}`)!, direction)),
  );
  await graph.release();
  assert.ok(scale > 0, 'every gradient is zero: the case tests nothing');
  assert.ok(
    Math.abs(actual - expected) <= tolerance * scale,
    `slope ${actual}, differences say ${expected} (scale ${scale})`,
  );
}

/** ‖g‖ · ‖d‖ / √n: the size that a slope along a random direction has. */
function lengthOf(gradient: Float32Array, direction: Float32Array): number {
  return Math.sqrt((dot(gradient, gradient) * dot(direction, direction)) / Math.max(1, direction.length));
}
