/** Fails at once. */
export function fail(): never {
  throw new RangeError('It always fails.');
}
