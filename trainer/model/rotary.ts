import { ops, type Value } from '../graph';
import type { ModelConfig, RopeScaling } from '../engine/types';

/** Angle a position of a pair that unscaled turns by `frequency`. Llama 3.1's rule, as in transformers' "llama3". */
function stretch(frequency: number, scaling: RopeScaling): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  // Turns within the original context: few of them are stretched whole, many not at all.
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return frequency * (kept + (1 - kept) / factor);
}

export type RotarySettings = Pick<ModelConfig, 'headSize' | 'ropeTheta' | 'ropeScaling'>;

/** Angle a position of each pair of a head's elements: θ^(−2i / headSize), stretched where the model asks for it. */
export function rotaryFrequencies({ headSize, ropeTheta, ropeScaling }: RotarySettings): number[] {
  const half = headSize / 2;
  const plain = Array.from({ length: half }, (_, pair) => ropeTheta ** (-pair / half));
  return ropeScaling === null ? plain : plain.map((frequency) => stretch(frequency, ropeScaling));
}

/** How many times slower than unscaled each pair turns. */
export function rotaryStretches(settings: RotarySettings): number[] {
  const plain = rotaryFrequencies({ ...settings, ropeScaling: null });
  return rotaryFrequencies(settings).map((frequency, pair) => plain[pair]! / frequency);
}

/** cos and sin of position · frequency, [positions, headSize / 2] each. */
export function rotaryTables(config: ModelConfig, positions: number): { cos: Value; sin: Value } {
  const frequencies = rotaryFrequencies(config);
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
