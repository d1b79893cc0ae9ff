/** Sixteen-bit floats as f32. IEEE half precision: 1 sign, 5 exponent, 10 fraction bits; bfloat16: the upper half of an f32. */

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function widenFloat16(source: Uint16Array): Float32Array {
  return Float32Array.from(source, widenHalf);
}

export function widenBfloat16(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  source.forEach((value, index) => {
    bits[0] = value << 16;
    target[index] = floats[0] ?? NaN;
  });
  return target;
}
