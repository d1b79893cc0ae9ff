/** FNV-1a over UTF-16 units: 32 bits, not mixed. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** 32-bit words of sfc32, Chris Doty-Humphrey's small fast counting generator, after `rounds` unused ones. */
export function sfc32(
  seed: readonly [number, number, number],
  { rounds }: { readonly rounds: number },
): () => number {
  let [a, b, c] = seed;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < rounds; round += 1) next();
  return next;
}

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
export function createRandom(...seeds: readonly (number | string)[]): () => number {
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
