import { offsetsOf, iterationName, scanName, iterationCount, type Carry } from '../graph';
import type { BufferData, BufferTensor } from '../runtime';
import type { Feeds, Results } from './step-metrics';
import { vectorTensor } from './feeds';

function concatenate(parts: readonly BufferData[]): BufferTensor {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const data = parts[0] instanceof Float32Array ? new Float32Array(size) : new Int32Array(size);
  let at = 0;
  for (const part of parts) {
    if (part instanceof BigInt64Array) throw new RangeError('a scanned input must not have 64-bit integers');
    data.set(part, at);
    at += part.length;
  }
  return vectorTensor(data);
}

function offsetsTensor(parts: readonly BufferData[]): BufferTensor {
  let end = 0;
  const offsets = [0, ...parts.map(({ length }) => (end += length))];
  return { dims: [offsets.length], data: BigInt64Array.from(offsets, BigInt) };
}

/** The feeds of a scan: those of its iterations, which have the same names, and the initial carry. */
export function scanFeeds(iterations: readonly Feeds[], carry: Feeds): Feeds {
  const feeds: Feeds = { [iterationCount]: { dims: [], data: BigInt64Array.of(BigInt(iterations.length)) } };
  for (const [name, tensor] of Object.entries(carry)) feeds[scanName(name)] = tensor;
  for (const name of Object.keys(iterations[0] ?? {})) {
    const parts = iterations.map((each) => each[name]!.data);
    feeds[scanName(name)] = concatenate(parts);
    feeds[offsetsOf(name)] = offsetsTensor(parts);
  }
  return feeds;
}

function sliceOf({ data, dims }: BufferTensor, iteration: number, count: number): BufferTensor {
  const size = data.length / count;
  return { dims: dims.slice(1), data: data.subarray(iteration * size, (iteration + 1) * size) };
}

/** Splits the results of a scan into the final carry and the other outputs of each iteration. */
export function readScan(
  results: Results,
  carry: Carry,
  count: number,
): { readonly final: Results; readonly iterations: readonly Results[] } {
  const carried = new Map([...carry.values()].map((name) => [scanName(name), name]));
  const final = new Map<string, BufferTensor>();
  const iterations = Array.from({ length: count }, () => new Map<string, BufferTensor>());
  for (const [name, tensor] of results) {
    const own = carried.get(name);
    if (own !== undefined) final.set(own, tensor);
    else iterations.forEach((each, index) => each.set(iterationName(name), sliceOf(tensor, index, count)));
  }
  return { final, iterations };
}
