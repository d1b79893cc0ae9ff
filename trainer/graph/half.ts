/** Sixteen-bit floats that a graph can compute in: IEEE's, with a short exponent, and the upper half of an f32. */
export type HalfType = 'f16' | 'bf16';

/** Shifts bits out, rounding to nearest and ties to even: what is added carries above half, and at half where odd. */
function roundShift(bits: number, shift: number): number {
  const odd = (bits >>> shift) & 1;
  return (bits + (1 << (shift - 1)) - 1 + odd) >>> shift;
}

function toFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const biased = exponent - 127 + 15;
  if (biased >= 31) return sign | 0x7c00;
  // A carry out of the fraction goes into the exponent, which is what rounding up means.
  if (biased > 0) return sign | ((biased << 10) + roundShift(fraction, 13));
  return biased < -10 ? sign : sign | roundShift(fraction | 0x800000, 14 - biased);
}

function toBfloat16(bits: number): number {
  const isNumber = (bits & 0x7fffffff) <= 0x7f800000;
  return isNumber ? roundShift(bits, 16) : (bits >>> 16) | 0x40;
}

/**
 * Rounds f32 to sixteen bits, to nearest and ties to even. By their bits, since the runtime makes the processor skip
 * denormals; signed ones in a plain loop, which is thirty times as fast as mapping unsigned ones.
 */
export function narrow(data: Float32Array, to: HalfType): Uint16Array {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const round = to === 'f16' ? toFloat16 : toBfloat16;
  const made = new Uint16Array(data.length);
  for (let at = 0; at < made.length; at += 1) made[at] = round(bits[at]!);
  return made;
}
