/**
 * Conversion of 16-bit floats to f32. IEEE half: 1 sign, 5 exponent, 10 fraction bits. bfloat16: the upper half of an f32.
 */

function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halves: Float32Array | undefined;

/** f32 values of all 16-bit patterns, computed on first use: a lookup takes a tenth of the time of a conversion. */
export function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, half) => widenHalf(half));
  return halves;
}

export function widenFloat16(source: Uint16Array, target: Float32Array): void {
  const table = halfTable();
  for (let at = 0; at < source.length; at += 1) target[at] = table[source[at]!]!;
}

export function widenBfloat16(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let at = 0; at < source.length; at += 1) bits[at] = source[at]! << 16;
}
