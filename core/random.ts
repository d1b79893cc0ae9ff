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
