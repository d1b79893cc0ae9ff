import { ops, type Value } from '../graph';
import type { RotaryEmbedding } from '../families/define';

export interface RopeTables {
  readonly cos: Value;
  readonly sin: Value;
}

function makeTables({ frequencies }: RotaryEmbedding, positions: number): RopeTables {
  const half = frequencies.length;
  const table = (f: (angle: number) => number): Value =>
    ops.constant(
      Float32Array.from({ length: positions * half }, (_, at) =>
        f(Math.floor(at / half) * frequencies[at % half]!),
      ),
      [positions, half],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/**
 * cos and sin of position · frequency, [positions, headSize / 2] each, times a factor. Layers with equal frequencies share
 * them.
 */
export function createRopeTables(
  positions: number,
): (rotary: RotaryEmbedding, factor?: number) => RopeTables {
  const made = new Map<string, RopeTables>();
  const tablesOf = (rotary: RotaryEmbedding, factor = 1): RopeTables => {
    const key = [factor, ...rotary.frequencies].join();
    const known = made.get(key);
    if (known !== undefined) return known;
    const tables = factor === 1 ? makeTables(rotary, positions) : scaled(tablesOf(rotary), factor);
    made.set(key, tables);
    return tables;
  };
  return tablesOf;
}

function scaled({ cos, sin }: RopeTables, factor: number): RopeTables {
  const scale = ops.scalar(factor);
  return { cos: ops.mul(cos, scale), sin: ops.mul(sin, scale) };
}
