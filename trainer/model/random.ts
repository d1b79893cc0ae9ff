import { sfc32 } from '../../core/random';

/** The increment of SplitMix64. */
const golden = 0x9e3779b97f4a7c15n;
const mask64 = (1n << 64n) - 1n;

/** The output function of SplitMix64. */
function mix(value: bigint): bigint {
  let z = value & mask64;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64;
  return z ^ (z >> 31n);
}

/** A 64-bit key from a seed and a name, so that every tensor has its own random stream. */
export function hashName(seed: number, name: string): bigint {
  let state = mix(BigInt(seed) + golden);
  for (const character of name) state = mix(state ^ (BigInt(character.codePointAt(0) ?? 0) * golden));
  return state;
}

/** Uniform 32-bit words. */
export function createWords(key: bigint): () => number {
  return sfc32([Number(key & 0xffffffffn) | 0, Number(key >> 32n) | 0, 0x2545f491], { rounds: 12 });
}

/** Uniform random numbers in (0, 1). */
export function createUniforms(key: bigint): () => number {
  const next = createWords(key);
  return () => (next() + 0.5) / 4294967296;
}

/** Standard normal random numbers, by the Box–Muller transform. */
export function createNormals(key: bigint): () => number {
  const uniform = createUniforms(key);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
