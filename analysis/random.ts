/** A small seeded source of random numbers: the same label gives the same stream on every machine. */
export interface Random {
  /** Uniform on [0, 1), 32 bits. */
  uniform(): number;
  normal(): number;
  chiSquare(degreesOfFreedom: number): number;
}

/** FNV-1a over UTF-16 units. */
function hashLabel(label: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** sfc32 (Chris Doty-Humphrey's small fast counting generator), warmed up by fifteen steps. */
function createUniform(label: string): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = hashLabel(label);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** Opens the stream of a label. Labels seed bootstrap resamples: renaming one changes the numbers. */
export function createRandom(label: string): Random {
  const uniform = createUniform(label);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  // Marsaglia and Tsang's method; below shape 1 by the usual power of a uniform.
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { uniform, normal, chiSquare: (degreesOfFreedom) => 2 * gamma(degreesOfFreedom / 2) };
}
