/**
 * RoPE scaling of Llama 3. The frequency of a pair is divided by `factor` if its wavelength is above
 * originalPositions / lowFrequencyFactor, unchanged below originalPositions / highFrequencyFactor, and interpolated
 * between the two.
 */
export interface RopeScaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  /** Positions of the original pretraining. */
  readonly originalPositions: number;
}

export interface RopeSettings {
  readonly headSize: number;
  readonly ropeTheta: number;
  /** null: no scaling. */
  readonly ropeScaling: RopeScaling | null;
}

/** Scales a frequency by Llama 3.1's rule, as rope_type "llama3" in Transformers. */
function scaleFrequency(frequency: number, scaling: RopeScaling): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  // Rotations within the original context: few of them get the full factor, many none.
  const rotations = (originalPositions * frequency) / (2 * Math.PI);
  const smooth = Math.min(1, Math.max(0, (rotations - low) / (high - low)));
  return frequency * (smooth + (1 - smooth) / factor);
}

/** The angle per position of each pair of a head's elements: θ^(−2i / headSize), scaled by `ropeScaling`. */
export function ropeFrequencies({ headSize, ropeTheta, ropeScaling }: RopeSettings): number[] {
  const half = headSize / 2;
  const unscaled = Array.from({ length: half }, (_, pair) => ropeTheta ** (-pair / half));
  return ropeScaling === null
    ? unscaled
    : unscaled.map((frequency) => scaleFrequency(frequency, ropeScaling));
}

/** The factor by which each frequency is divided, as in the "rope_freqs" tensor of GGUF. */
export function ropeFrequencyFactors(settings: RopeSettings): number[] {
  const unscaled = ropeFrequencies({ ...settings, ropeScaling: null });
  return ropeFrequencies(settings).map((frequency, pair) => unscaled[pair]! / frequency);
}
