import { fnv1a } from '../core/random';
import type { Random } from '../contracts/task';

const golden = 0x9e3779b9;

/** MurmurHash3's finaliser: every input bit reaches every output bit. */
function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A 32-bit hash of a text; for buckets and seeds, not for security. */
export const hashText = (text: string): number => mix32(fnv1a(text));

/**
 * Counter-based random numbers: number n is a hash of (seeds, n), so streams do not depend on each other. Seeds differ by
 * position and by type.
 */
export function createRandom(...seeds: readonly (number | string)[]): Random {
  const low = hashText(JSON.stringify(seeds));
  const high = hashText(JSON.stringify([...seeds, 'high']));
  let counter = 0;
  return () => {
    counter += 1;
    const first = mix32(low + Math.imul(counter, golden));
    const second = mix32(high ^ mix32(first + counter));
    return (first * 0x200000 + (second >>> 11)) / 2 ** 53;
  };
}

/** A uniform whole number from `from` to `to`, both included. */
export function randomInteger(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function randomChoice<T>(random: Random, values: readonly T[]): T {
  const value = values[randomInteger(random, 0, values.length - 1)];
  if (value === undefined) throw new RangeError('randomChoice needs at least one value');
  return value;
}
