import { createHash } from 'node:crypto';

/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as
 * 1, 2, 3", SC 2011). A draw depends only on seed, stream and position: not on other draws, the host or a resume.
 */

type Words = readonly [number, number, number, number];

/** High and low 32 bits of a 32 × 32 bit product, by 16-bit halves. */
function multiplyWide(a: number, b: number): [high: number, low: number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const lowProduct = aLow * bLow;
  const middle = aHigh * bLow + (lowProduct >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  const high = aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Ten rounds of Philox4x32. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round += 1) {
    const [high0, low0] = multiplyWide(0xd2511f53, c0);
    const [high1, low1] = multiplyWide(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Purposes of random streams; different purposes have independent numbers. */
export const streams = { shuffle: 1, sample: 2, dropout: 3 } as const;

export interface StreamId {
  /** Below 2^48. */
  readonly seed: number;
  readonly purpose: (typeof streams)[keyof typeof streams];
  /** Up to three words that identify a stream of a purpose, e.g. an epoch. */
  readonly words: readonly [number, number, number];
}

/** The four words of a block of a stream. */
export function drawWords(id: StreamId, block: number): Words {
  const key = [id.seed >>> 0, ((Math.floor(id.seed / 2 ** 32) & 0xffff) | (id.purpose << 16)) >>> 0] as const;
  return philox([block >>> 0, id.words[0] >>> 0, id.words[1] >>> 0, id.words[2] >>> 0], key);
}

/** Uniform draw from [0, 1) with 53 bits at a position of a stream. */
export function drawUniform(id: StreamId, position: number): number {
  const words = drawWords(id, position);
  return ((words[0] >>> 5) * 2 ** 26 + (words[1] >>> 6)) / 2 ** 53;
}

/** `count` uniform draws from [0, 1) that are exact in f32 (24 bits), four per block. */
export function drawFloats(id: StreamId, count: number): Float32Array {
  const draws = new Float32Array(count);
  for (let index = 0; index < count; index += 4) {
    const words = drawWords(id, index / 4);
    for (let lane = 0; lane < 4 && index + lane < count; lane += 1)
      draws[index + lane] = ((words[lane] as number) >>> 8) / 2 ** 24;
  }
  return draws;
}

/**
 * Uniform draws for one sample of one prompt. They depend only on seed, prompt id, sample index and position.
 */
export function sampleUniforms(
  of: { seed: number; id: string; sample: number },
  count: number,
): Float32Array {
  if (count === 0) return new Float32Array(0);
  const hash = createHash('sha256').update(of.id).digest();
  const words = [hash.readUInt32LE(0), hash.readUInt32LE(4), of.sample] as const;
  return drawFloats({ seed: of.seed, purpose: streams.sample, words }, count);
}

/** A permutation of 0 … count − 1 (Fisher–Yates) for a seed and epoch. */
export function permute(count: number, options: { seed: number; epoch: number }): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  const id: StreamId = { seed: options.seed, purpose: streams.shuffle, words: [options.epoch, 0, 0] };
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(drawUniform(id, last) * (last + 1));
    const kept = order[last] as number;
    order[last] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
