import { fnv1a, sfc32 } from '../core/random';

/** A small seeded source of random numbers: the same label gives the same stream on every machine. */
export interface Draws {
  /** Uniform on [0, 1), 32 bits. */
  uniform(): number;
  normal(): number;
  chiSquare(degreesOfFreedom: number): number;
}

/** Opens the stream of a label. Labels seed bootstrap resamples: renaming one changes the numbers. */
export function createDraws(label: string): Draws {
  const words = sfc32([0x9e3779b9, 0x243f6a88, fnv1a(label)], { rounds: 15 });
  const uniform = (): number => words() / 2 ** 32;
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
