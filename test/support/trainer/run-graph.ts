import { lower, ops, type Value } from '../../../trainer/graph';
import { openSession, type BufferTensor } from '../../../trainer/runtime';
import { noise } from './oracle-model';

export type Feeds = Readonly<Record<string, BufferTensor>>;

function toFloats(data: BufferTensor['data']): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data, Number);
}

/** Opens a graph that can be run several times. */
export async function openGraph(outputs: Readonly<Record<string, Value>>, threads = 1) {
  const model = lower(outputs);
  const session = await openSession(model.bytes, { threads });
  const wanted = new Set(model.inputs.map(({ name }) => name));
  return {
    model,
    release: () => session.release(),
    async run(feeds: Feeds): Promise<ReadonlyMap<string, Float32Array>> {
      const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name)));
      const results = await session.run(used);
      return new Map([...results].map(([name, { data }]) => [name, toFloats(data)]));
    },
  };
}

/** Runs a graph once. */
export async function runGraph(outputs: Readonly<Record<string, Value>>, feeds: Feeds = {}, threads = 1) {
  const graph = await openGraph(outputs, threads);
  const results = await graph.run(feeds);
  await graph.release();
  return results;
}

export function tensor(dims: readonly number[], data: Float32Array): BufferTensor {
  return { dims, data };
}

/** Noise of the given shape, fit for an input. */
export function noiseTensor(dims: readonly number[], phase: number, amplitude = 1, offset = 0): BufferTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return tensor(dims, noise(size, phase, amplitude, offset));
}

export function inputOf(name: string, { dims }: BufferTensor): Value {
  return ops.input(name, 'f32', dims);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) total += a[i]! * b[i]!;
  return total;
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const difference = Float64Array.from({ length: b.length }, (_, i) => a[i]! - b[i]!);
  return Math.sqrt(dot(difference, difference) / Math.max(dot(b, b), Number.MIN_VALUE));
}
