/** Sixteen-bit floats that a graph can compute in: IEEE's, with a short exponent, and the upper half of an f32. */
export type HalfType = 'f16' | 'bf16';

/** Shifts bits out, rounding to nearest and ties to even. */
function roundShift(bits: number, shift: number): number {
  const kept = bits >>> shift;
  const [rest, half] = [bits & ((1 << shift) - 1), 1 << (shift - 1)];
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

function toFloat16(bits: number): number {
  const [sign, exponent, fraction] = [(bits >>> 16) & 0x8000, (bits >>> 23) & 0xff, bits & 0x7fffff];
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const biased = exponent - 127 + 15;
  if (biased >= 31) return sign | 0x7c00;
  // A carry out of the fraction goes into the exponent, which is what rounding up means.
  if (biased > 0) return sign | ((biased << 10) + roundShift(fraction, 13));
  return biased < -10 ? sign : sign | roundShift(fraction | 0x800000, 14 - biased);
}

function toBfloat16(bits: number): number {
  const isNumber = (bits & 0x7fffffff) <= 0x7f800000;
  return isNumber ? roundShift(bits, 16) & 0xffff : (bits >>> 16) | 0x40;
}

const narrowed = {
  f16: new WeakMap<Float32Array, Uint16Array>(),
  bf16: new WeakMap<Float32Array, Uint16Array>(),
};

/**
 * Rounds f32 to sixteen bits, to nearest and ties to even. By their bits, since the runtime makes the processor skip
 * denormals; once for each array, since every shape of a batch has a graph with the same weights.
 */
export function narrow(data: Float32Array, to: HalfType): Uint16Array {
  const known = narrowed[to].get(data);
  if (known !== undefined) return known;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const made = Uint16Array.from(bits, to === 'f16' ? toFloat16 : toBfloat16);
  narrowed[to].set(data, made);
  return made;
}
